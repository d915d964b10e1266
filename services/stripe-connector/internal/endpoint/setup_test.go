package endpoint_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/pkg/service/servicetest"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/endpoint"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/ratelimit"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/stripeclient"
)

const (
	apiKey = "sk_test_endpoint"
	base   = "https://sync.example.com"
	url    = base + endpoint.Path
)

func types() []string { return []string{"customer.created", "customer.updated", "customer.deleted"} }

// world is a simulated Stripe and the database of a connector.
type world struct {
	t         *testing.T
	db        *gorm.DB
	simulator *servicetest.Process
	client    *stripeclient.Client
	log       *buffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, log: &buffer{}, db: postgrestest.Open(t, endpoint.Migrations)}
	w.simulator = servicetest.Start(t, "stripe-simulator", map[string]string{"STRIPE_API_KEY": apiKey})
	w.client = newClient(w.simulator.URL)
	return w
}

func newClient(url string) *stripeclient.Client {
	return stripeclient.New(stripeclient.Options{
		Key: apiKey, URL: url, Timeout: 20 * time.Second, Conns: 2, Limiter: ratelimit.New(10_000, 10_000),
	})
}

// keeper is one replica's.
func (w *world) keeper(change func(*endpoint.Options)) *endpoint.Keeper {
	o := endpoint.Options{
		Client: w.client, DB: w.db, Name: "stripe", Types: types(), Interval: time.Millisecond,
		Log: slog.New(slog.NewTextHandler(w.log, nil)),
	}
	if change != nil {
		change(&o)
	}
	return endpoint.New(o)
}

// make makes an endpoint by hand.
func (w *world) make(params *stripe.WebhookEndpointParams) *stripe.WebhookEndpoint {
	w.t.Helper()
	made, err := w.client.Endpoints.New(params)
	require.NoError(w.t, err)
	return made
}

func params(address, version string, types ...string) *stripe.WebhookEndpointParams {
	p := &stripe.WebhookEndpointParams{URL: &address, EnabledEvents: stripe.StringSlice(types)}
	if version != "" {
		p.APIVersion = &version
	}
	return p
}

// endpoints are those at Stripe, the newest first.
func (w *world) endpoints() (all []*stripe.WebhookEndpoint) {
	w.t.Helper()
	list := w.client.Endpoints.List(&stripe.WebhookEndpointListParams{})
	for list.Next() {
		all = append(all, list.WebhookEndpoint())
	}
	require.NoError(w.t, list.Err())
	return all
}

// secrets of a keeper.
func (w *world) secrets(k *endpoint.Keeper, fresh bool) []string {
	w.t.Helper()
	secrets, err := k.Secrets(w.t.Context(), fresh)
	require.NoError(w.t, err)
	return secrets
}

// looks is how often Stripe was asked for its endpoints.
func (w *world) looks() (n int) {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.simulator.URL+"/_sim/stats", http.NoBody)
	require.NoError(w.t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(w.t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)
	require.NoError(w.t, response.Body.Close())
	var stats struct {
		Requests map[string]map[string]int `json:"requests"`
	}
	require.NoError(w.t, json.Unmarshal(body, &stats))
	for _, c := range stats.Requests["GET /v1/webhook_endpoints"] {
		n += c
	}
	return n
}

type buffer struct {
	mu    sync.Mutex
	bytes bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bytes.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.bytes.String()
}
