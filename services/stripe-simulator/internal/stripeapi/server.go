// Package stripeapi serves Stripe's API over HTTP: who may call, how often, what a call may say, what it is answered, and
// how a call that comes twice is answered the second time.
package stripeapi

import (
	"net/http"
	"time"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/idempotency"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/knobs"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/limits"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/traffic"
)

// Server answers the paths below /v1/. It is safe for concurrent use.
type Server struct {
	Store   *account.Store
	Knobs   *knobs.Knobs
	Keys    *Keys
	Repeats *idempotency.Table
	Limits  *limits.Limiter
	Traffic *traffic.Log
	Closing <-chan struct{} // closed when calls that wait must end without an effect

	locks locks
}

// operation checks a call and returns what executes it. An error before the execution does not count as an outcome of
// the call; an error of the execution does.
type operation func(c *call) (execute, error)

// execute has the effect of a call and returns its answer as JSON.
type execute func() ([]byte, error)

// Handler returns the API.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, op := range map[string]operation{
		"POST /v1/customers":                s.createCustomer,
		"GET /v1/customers":                 s.listCustomers,
		"GET /v1/customers/search":          s.searchCustomers,
		"GET /v1/customers/{id}":            s.retrieveCustomer,
		"POST /v1/customers/{id}":           s.updateCustomer,
		"DELETE /v1/customers/{id}":         s.deleteCustomer,
		"GET /v1/subscriptions":             s.listSubscriptions,
		"GET /v1/invoices":                  s.listInvoices,
		"GET /v1/events":                    s.listEvents,
		"GET /v1/events/{id}":               s.retrieveEvent,
		"POST /v1/webhook_endpoints":        s.createEndpoint,
		"GET /v1/webhook_endpoints":         s.listEndpoints,
		"GET /v1/webhook_endpoints/{id}":    s.retrieveEndpoint,
		"POST /v1/webhook_endpoints/{id}":   s.updateEndpoint,
		"DELETE /v1/webhook_endpoints/{id}": s.deleteEndpoint,
		"/v1/":                              s.unknownURL,
	} {
		mux.HandleFunc(pattern, s.handle(op))
	}
	return mux
}

// wait returns false when the simulator closes meanwhile. It does not end when the caller goes away: Stripe, too, goes
// on with a call whose caller has lost patience.
func (s *Server) wait(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.Closing:
		return false
	}
}
