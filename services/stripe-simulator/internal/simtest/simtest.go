// Package simtest starts simulators for tests and calls them with Stripe's own client.
package simtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/client"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/knobs"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simulator"
)

// The keys that a simulator of this package accepts.
const (
	Key     = "sk_test_simulatorForTests0001"
	LiveKey = "sk_live_simulatorForTests0002"
)

// Sim is a running simulator.
type Sim struct {
	*simulator.Simulator
	URL    string
	Stripe *client.API // with Key, without retries of its own
	Live   *client.API // with LiveKey

	raw *http.Client
}

// Start runs a simulator until the test ends. change may set options; both keys are accepted.
func Start(t testing.TB, change ...func(*simulator.Options)) *Sim {
	t.Helper()
	o := simulator.Options{
		Keys: []string{Key, LiveKey}, WebhookEvents: []string{"customer.created", "customer.updated", "customer.deleted"},
		Knobs: knobs.Defaults(), Log: slog.New(slog.DiscardHandler),
	}
	o.Knobs.SearchLagMS = 0
	for _, c := range change {
		c(&o)
	}
	sim, err := simulator.New(o)
	require.NoError(t, err)
	server := httptest.NewServer(sim.Handler())
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 3)
	for _, loop := range []func(context.Context) error{sim.Keep, sim.Deliver, sim.Calls} {
		go func() { ended <- loop(ctx) }()
	}
	t.Cleanup(func() {
		stop()
		server.Close()
		for range 3 {
			require.NoError(t, <-ended)
		}
	})
	return &Sim{
		Simulator: sim, URL: server.URL, Stripe: Client(server.URL, Key), Live: Client(server.URL, LiveKey),
		// On a used connection Go's client would by itself repeat a call with a key that got no answer.
		raw: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}},
	}
}

// Client returns Stripe's client for an address and a key. It neither retries nor logs.
func Client(url, key string) *client.API {
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL: new(url), MaxNetworkRetries: new(int64(0)), EnableTelemetry: new(false),
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull}, HTTPClient: &http.Client{Timeout: 20 * time.Second},
	})
	return client.New(key, &stripe.Backends{API: backend, Connect: backend, Uploads: backend})
}

// Answer is a raw answer.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Err    error // the connection broke
}

// JSON decodes the body.
func (a Answer) JSON(t testing.TB) map[string]any {
	t.Helper()
	require.NoError(t, a.Err)
	var decoded map[string]any
	require.NoError(t, json.Unmarshal(a.Body, &decoded), "%s", a.Body)
	return decoded
}

// Error returns what stands under "error".
func (a Answer) Error(t testing.TB) map[string]any {
	t.Helper()
	e, ok := a.JSON(t)["error"].(map[string]any)
	require.True(t, ok, "no error in %s", a.Body)
	return e
}

// Call makes a raw call of the API with Key. The body is form-encoded; headers are pairs of name and value.
func (s *Sim) Call(t testing.TB, method, path, body string, headers ...string) Answer {
	t.Helper()
	headers = append([]string{"Authorization", "Bearer " + Key, "Content-Type", "application/x-www-form-urlencoded"}, headers...)
	return s.Do(t, method, path, body, headers...)
}

// Do makes a raw call with nothing but the given headers. An empty value removes a header again.
func (s *Sim) Do(t testing.TB, method, path, body string, headers ...string) Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
	}
	resp, err := s.raw.Do(req)
	if err != nil {
		return Answer{Err: err}
	}
	defer func() { _ = resp.Body.Close() }() // read to its end below
	raw, err := io.ReadAll(resp.Body)
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: raw, Err: err}
}

// Control calls the control API; body is rendered as JSON unless it is nil.
func (s *Sim) Control(t testing.TB, method, path string, body any) Answer {
	t.Helper()
	var raw bytes.Buffer
	if body != nil {
		require.NoError(t, json.NewEncoder(&raw).Encode(body))
	}
	return s.Do(t, method, path, raw.String(), "Content-Type", "application/json")
}

// Turn turns knobs.
func (s *Sim) Turn(t testing.TB, settings map[string]any) {
	t.Helper()
	a := s.Control(t, http.MethodPatch, "/_sim/config", settings)
	require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
}

// Eventually waits until a condition holds.
func Eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, 10*time.Second, 5*time.Millisecond, what)
}
