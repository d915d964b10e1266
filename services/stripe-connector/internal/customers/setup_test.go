package customers_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/customers"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/ratelimit"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/stripeclient"
)

const (
	localID = "0190f7a2-0000-7000-8000-000000000001"
	apiKey  = "sk_test_customers"
)

func call() connector.Call {
	return connector.Call{Key: "key-7", LocalID: localID, Version: 7, CreatedAt: time.Now()}
}

// newRemote is the remote under test, at the given API.
func newRemote(apiURL string) *customers.Remote {
	return customers.NewRemote(stripeclient.New(stripeclient.Options{
		Key: apiKey, URL: apiURL, Timeout: 20 * time.Second, Conns: 8, Limiter: ratelimit.New(10_000, 10_000),
	}), "stripe")
}

// recorder is a server that notes the last call and answers with a fixed body.
type recorder struct {
	remote *customers.Remote
	body   string

	line, key string
	params    url.Values
	calls     int
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	f := &recorder{body: `{"id":"cus_1","object":"customer"}`}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	f.remote = newRemote(server.URL)
	return f
}

// ServeHTTP implements http.Handler; tests make one call at a time.
func (f *recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.calls++
	f.line, f.key = r.Method+" "+r.URL.Path, r.Header.Get("Idempotency-Key")
	f.params = r.URL.Query()
	if r.Method == http.MethodPost {
		body, _ := io.ReadAll(r.Body)
		f.params, _ = url.ParseQuery(string(body))
	}
	_, _ = io.WriteString(w, f.body)
}

// failed is the error as a *connector.Error, which it must be.
func failed(t *testing.T, err error) *connector.Error {
	t.Helper()
	var failure *connector.Error
	require.ErrorAs(t, err, &failure)
	return failure
}
