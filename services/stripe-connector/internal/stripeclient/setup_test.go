package stripeclient_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/ratelimit"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/stripeclient"
)

// email stands for everything that must never show up in a log or an error.
const email = "ada.secret@example.com"

// fake is a server that answers every call with the same thing.
type fake struct {
	client  *stripeclient.Client
	limiter *ratelimit.Limiter
	log     *buffer
	server  *httptest.Server
}

func newFake(t *testing.T, answer http.HandlerFunc) *fake {
	t.Helper()
	f := &fake{limiter: ratelimit.New(10_000, 10_000), log: &buffer{}, server: httptest.NewServer(answer)}
	t.Cleanup(f.server.Close)
	f.client = f.connect(f.server.URL, 5*time.Second)
	return f
}

func (f *fake) connect(url string, timeout time.Duration) *stripeclient.Client {
	return stripeclient.New(stripeclient.Options{
		Key: "sk_test_1", URL: url, Timeout: timeout, Conns: 4, Limiter: f.limiter,
		Log: slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
}

// create makes a customer and returns how that failed.
func create(ctx context.Context, client *stripeclient.Client) error {
	return client.Write(ctx, func(ctx context.Context) error {
		params := &stripe.CustomerParams{Email: new(email)}
		params.Context = ctx
		params.SetIdempotencyKey("key-1")
		_, err := client.Customers.New(params)
		return err
	})
}

func get(ctx context.Context, client *stripeclient.Client) error {
	return client.Read(ctx, func(ctx context.Context) error {
		params := &stripe.CustomerParams{}
		params.Context = ctx
		_, err := client.Customers.Get("cus_1", params)
		return err
	})
}

// failed is the error as a *connector.Error, which it must be.
func failed(t *testing.T, err error) *connector.Error {
	t.Helper()
	var failure *connector.Error
	require.ErrorAs(t, err, &failure)
	require.NotEmpty(t, failure.Reason)
	require.NotContains(t, failure.Error(), email)
	require.NotContains(t, failure.Reason, "\n")
	return failure
}

// reply answers with a status, a body, and headers given in pairs.
func reply(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Request-Id", "req_1")
		for i := 0; i < len(headers); i += 2 {
			if headers[i+1] == "" {
				w.Header().Del(headers[i])
			} else {
				w.Header().Set(headers[i], headers[i+1])
			}
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// told is an error body of Stripe.
func told(kind, code, param string) string {
	return `{"error":{"type":"` + kind + `","code":"` + code + `","param":"` + param + `","message":"Something about ` + email + `"}}`
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
