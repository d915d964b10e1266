package simtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/webhook"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simulator"
)

// Secret signs the deliveries to a Receiver.
const Secret = "whsec_simulatorForTests"

// Receiver is a webhook endpoint that verifies signatures with Stripe's own package.
type Receiver struct {
	URL    string
	Events chan stripe.Event // every verified delivery

	mu      sync.Mutex
	answers []int // to be given in turn; 200 afterwards
	secrets []string
	wrong   int
	headers http.Header
}

// NewReceiver listens until the test ends. It answers with the given statuses in turn, then with 200.
func NewReceiver(t testing.TB, answers ...int) *Receiver {
	t.Helper()
	r := &Receiver{Events: make(chan stripe.Event, 1000), answers: answers, secrets: []string{Secret}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.URL = server.URL
	return r
}

// Preset makes the receiver the endpoint that is there from the start.
func (r *Receiver) Preset(o *simulator.Options) {
	o.WebhookURL, o.WebhookSecrets = r.URL, []string{Secret}
}

// Expect sets with which secrets deliveries must be verifiable: with each of them.
func (r *Receiver) Expect(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secrets = secrets
}

// ServeHTTP implements http.Handler.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	payload, err := io.ReadAll(req.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.headers = req.Header.Clone()
	var event stripe.Event
	for _, secret := range r.secrets {
		if event, err = webhook.ConstructEvent(payload, req.Header.Get("Stripe-Signature"), secret); err != nil {
			r.wrong++
			w.WriteHeader(http.StatusBadRequest)
			return
		}
	}
	status := http.StatusOK
	if len(r.answers) > 0 {
		status, r.answers = r.answers[0], r.answers[1:]
	}
	r.Events <- event
	w.WriteHeader(status)
}

// Wrong counts deliveries whose signature was not right.
func (r *Receiver) Wrong() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.wrong
}

// Headers are those of the latest delivery.
func (r *Receiver) Headers() http.Header {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.headers
}

// Next waits for a delivery.
func (r *Receiver) Next(t testing.TB) stripe.Event {
	t.Helper()
	select {
	case e := <-r.Events:
		return e
	case <-time.After(10 * time.Second):
		require.FailNow(t, "no delivery came")
		return stripe.Event{}
	}
}

// None makes sure that nothing is delivered for a while.
func (r *Receiver) None(t testing.TB, within time.Duration) {
	t.Helper()
	select {
	case e := <-r.Events:
		require.FailNow(t, "an unexpected delivery", "%s %s", e.Type, e.ID)
	case <-time.After(within):
	}
}

// Hooked gives the simulator an endpoint that is served by h, if it is wanted.
func Hooked(t testing.TB, wanted bool, h http.Handler) func(*simulator.Options) {
	t.Helper()
	if !wanted {
		return func(*simulator.Options) {}
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return func(o *simulator.Options) { o.WebhookURL, o.WebhookSecrets = server.URL, []string{Secret} }
}
