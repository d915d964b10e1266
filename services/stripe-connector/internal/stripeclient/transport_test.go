package stripeclient_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/stripeclient"
)

func TestCallsWithoutAnAnswerAreMadeAgainUnderTheSameKey(t *testing.T) {
	t.Parallel()
	hang := newFake(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	cut := newFake(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	gone := newFake(t, reply(200, "{}"))
	gone.server.Close()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range map[string]error{
		"the client's timeout": create(t.Context(), hang.connect(hang.server.URL, 50*time.Millisecond)),
		"the call's deadline":  createWithin(t, 50*time.Millisecond, hang.client),
		"a cut connection":     create(t.Context(), cut.client),
		"nobody listens":       create(t.Context(), gone.client),
		"no such host":         create(t.Context(), gone.connect("http://no-such-host.invalid", time.Second)),
		"an ended context":     create(ended, cut.client),
	} {
		failure := failed(t, err)
		require.Equal(t, connector.Transient, failure.Class, name)
		require.False(t, failure.Burnt, name)
		require.Zero(t, failure.Status, name)
	}
	require.ErrorIs(t, create(ended, cut.client), context.Canceled)
}

func createWithin(t *testing.T, limit time.Duration, client *stripeclient.Client) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	return create(ctx, client)
}

func TestACallIsMadeOnceAndCarriesItsKey(t *testing.T) {
	t.Parallel()
	var made atomic.Int32
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		made.Add(1)
		require.Equal(t, "key-1", r.Header.Get("Idempotency-Key"))
		require.Equal(t, "Bearer sk_test_1", r.Header.Get("Authorization"))
		require.Empty(t, r.Header.Get("X-Stripe-Client-Telemetry"))
		reply(500, told("api_error", "", ""), "Stripe-Should-Retry", "true")(w, r)
	})
	require.Error(t, create(t.Context(), f.client))
	require.EqualValues(t, 1, made.Load())
}

func TestALimitThatIsHitIsLearntFrom(t *testing.T) {
	t.Parallel()
	const endpoint = "POST /v1/customers"
	for name, c := range map[string]struct {
		body, reason      string
		account, endpoint float64
	}{
		"the account's":       {told(invalid, "rate_limit", ""), "global-rate", 5000, 10_000},
		"its concurrency":     {told(invalid, "rate_limit", ""), "global-concurrency", 5000, 10_000},
		"the endpoint's":      {told(invalid, "rate_limit", ""), "endpoint-rate", 10_000, 5000},
		"it is not said":      {told(invalid, "rate_limit", ""), "", 5000, 5000},
		"the object's":        {told(invalid, "rate_limit", ""), "resource-specific", 10_000, 10_000},
		"a lock on an object": {told(invalid, "lock_timeout", ""), "", 10_000, 10_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t, reply(429, c.body, "Stripe-Rate-Limited-Reason", c.reason))
			require.Error(t, create(t.Context(), f.client))
			require.InDelta(t, c.account, f.limiter.Rate(), 1000)
			require.InDelta(t, c.endpoint, f.limiter.EndpointRate(endpoint), 1000)
		})
	}
}

func TestAPauseThatStripeAsksForIsKeptWithoutCalling(t *testing.T) {
	t.Parallel()
	var made atomic.Int32
	f := newFake(t, func(w http.ResponseWriter, r *http.Request) {
		made.Add(1)
		reply(429, told(invalid, "rate_limit", ""), "Retry-After", "60")(w, r)
	})
	require.Equal(t, time.Minute, failed(t, create(t.Context(), f.client)).After)
	again := failed(t, create(t.Context(), f.client))
	require.Equal(t, connector.Throttled, again.Class)
	require.InDelta(t, 60, again.After.Seconds(), 1)
	require.False(t, again.Burnt)
	require.EqualValues(t, 1, made.Load())
}

func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	var opened atomic.Int32
	f := newFake(t, reply(200, `{"id":"cus_1","object":"customer"}`))
	f.server.Close()
	server := httptest.NewUnstartedServer(reply(200, `{"id":"cus_1","object":"customer"}`))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	client := f.connect(server.URL, time.Minute)
	const workers = 4
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for range 25 {
				if err := get(t.Context(), client); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	require.LessOrEqual(t, opened.Load(), int32(2*workers))
}

func TestEndpointsAreNamedWithoutIDs(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/v1/customers":               "GET /v1/customers",
		"/v1/customers/cus_1":         "GET /v1/customers/:id",
		"/v1/customers/cus_1/sources": "GET /v1/customers/:id/sources",
		"/v1/customers/search":        "GET /v1/customers/search",
		"/":                           "GET /",
	} {
		require.Equal(t, want, stripeclient.Endpoint(http.MethodGet, path))
	}
}
