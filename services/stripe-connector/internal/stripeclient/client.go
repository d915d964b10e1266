// Package stripeclient calls Stripe: one client with its own connections and limits, and one place where Stripe's
// errors are understood. It never retries and keeps personal data out of logs and errors.
package stripeclient

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stripe/stripe-go/v76"
	"github.com/stripe/stripe-go/v76/customer"
	"github.com/stripe/stripe-go/v76/event"
	"github.com/stripe/stripe-go/v76/invoice"
	"github.com/stripe/stripe-go/v76/subscription"
	"github.com/stripe/stripe-go/v76/webhookendpoint"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/ratelimit"
)

// Options of a client. All but Metrics and Log are required.
type Options struct {
	Key     string        // secret or restricted API key
	URL     string        // where the API is; https://api.stripe.com
	Timeout time.Duration // of one call, waiting for the rate limit included
	Conns   int           // calls made at once: so many connections are kept open
	Limiter *ratelimit.Limiter
	Log     *slog.Logger
	Metrics prometheus.Registerer
}

// Client gives access to the parts of the API that are needed here. Make every call through Read or Write.
type Client struct {
	Customers     customer.Client
	Subscriptions subscription.Client
	Invoices      invoice.Client
	Events        event.Client
	Endpoints     webhookendpoint.Client
}

// New makes a client. It opens no connection yet.
func New(o Options) *Client {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	backend := stripe.GetBackendWithConfig(stripe.APIBackend, &stripe.BackendConfig{
		URL: new(o.URL),
		HTTPClient: &http.Client{
			Timeout:   o.Timeout,
			Transport: &transport{base: connections(o.Conns), limiter: o.Limiter, log: o.Log, metrics: newMetrics(o.Metrics, o.Limiter)},
			// Following a redirect would turn a POST into a GET.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		EnableTelemetry:   new(false),
		MaxNetworkRetries: stripe.Int64(0),
		// The library logs URLs with emails in them, and whole bodies. The transport logs what an operator needs.
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull},
	})
	return &Client{
		Customers:     customer.Client{B: backend, Key: o.Key},
		Subscriptions: subscription.Client{B: backend, Key: o.Key},
		Invoices:      invoice.Client{B: backend, Key: o.Key},
		Events:        event.Client{B: backend, Key: o.Key},
		Endpoints:     webhookendpoint.Client{B: backend, Key: o.Key},
	}
}

func connections(conns int) *http.Transport {
	base, ok := http.DefaultTransport.(*http.Transport)
	if !ok { // somebody has replaced it
		base = &http.Transport{Proxy: http.ProxyFromEnvironment}
	}
	t := base.Clone()
	t.MaxIdleConns, t.MaxIdleConnsPerHost = 2*conns, 2*conns
	t.IdleConnTimeout = 90 * time.Second
	// All calls share one HTTP/2 connection: find out soon when it is dead.
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second}
	return t
}

// Write makes a call that changes something. A failure is returned as a *connector.Error that wraps connector.ErrGone
// when the object in the call's path does not exist.
func (c *Client) Write(ctx context.Context, call func(ctx context.Context) error) error {
	return perform(ctx, call, false)
}

// Read is Write for calls that change nothing: no failure of theirs is the fault of the record, so none is permanent.
func (c *Client) Read(ctx context.Context, call func(ctx context.Context) error) error {
	return perform(ctx, call, true)
}

func perform(ctx context.Context, call func(ctx context.Context) error, read bool) error {
	x := &exchange{}
	err := call(context.WithValue(ctx, exchangeKey{}, x))
	if err == nil || err == connector.ErrGone { //nolint:errorlint // a plain one is the caller's own finding
		return err
	}
	return classify(err, x, read)
}
