package e2e_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/service/servicetest"
)

const (
	clientTrace = "4bf92f3577b34da6a3ce929d0e0e4736"
	clientSpan  = "00f067aa0ba902b7"
)

// One trace leads from a client's call through the message to the call at Stripe, and back to the catalog. An edit at
// Stripe has a trace of its own, which begins with the webhook.
func TestATraceFollowsAChangeInBothDirections(t *testing.T) {
	t.Parallel()
	collector := collect(t)
	s := traced(t, collector.url)
	a := s.rest(http.MethodPost, "/v1/customers", object{"name": "Ada", "email": "ada@example.com"},
		"Prefer", "wait=10", "traceparent", "00-"+clientTrace+"-"+clientSpan+"-01")
	require.Equal(t, http.StatusCreated, a.status, a.body)
	id, stripeID := a.body.text("id"), a.body.object("sync").object("stripe").text("customer_id")
	s.leads(collector, clientTrace, "catalog", "store state",
		"catalog: POST /v1/customers", "stripe-connector: sync customer", "catalog: store state")
	s.leads(collector, clientTrace, "stripe-connector", "stripe create",
		"catalog: POST /v1/customers", "stripe-connector: sync customer", "stripe-connector: stripe create")
	s.logged(clientTrace, s.catalog, "request")
	s.logged(clientTrace, s.connector, "called")

	s.byHand(http.MethodPatch, "/"+stripeID, object{"name": "Ada King"})
	s.catalogShows(id, object{"name": "Ada King"})
	s.leads(collector, "", "catalog", "apply change",
		"stripe-connector: POST /webhooks/stripe", "stripe-connector: sync customer", "catalog: apply change")
	var inbound string
	s.eventually("the ledger tells the same trace", func() bool {
		inbound = ""
		for _, line := range s.rest(http.MethodGet, "/admin/v1/changes?direction=inbound", nil).body.list() {
			inbound = line.text("trace_id")
		}
		return inbound != ""
	})
	require.NotEqual(t, clientTrace, inbound)
	require.NotEmpty(t, collector.path(inbound, "catalog", "apply change"))
	s.logged(inbound, s.connector, "called")
	s.logged(inbound, s.catalog, "change handled")
}

// traced is a stack that tells a collector what it does.
func traced(t *testing.T, collector string) *stack {
	t.Helper()
	settings := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "LOG_FORMAT": "json", "LOG_LEVEL": "debug"}
	s := start(t, settings)
	s.catalog.Stop(t)
	maps.Copy(s.catalogEnv, settings)
	s.startCatalog()
	return s
}

// leads waits until the collector knows the way to a span.
func (s *stack) leads(c *spans, trace, service, name string, steps ...string) {
	s.t.Helper()
	s.eventually("a trace to "+name, func() bool { return slices.Equal(steps, c.path(trace, service, name)) })
}

// logged waits until the service has logged these messages in the trace.
func (s *stack) logged(trace string, p *servicetest.Process, messages ...string) {
	s.t.Helper()
	s.eventually("logged by "+p.Name, func() bool {
		missing := slices.Clone(messages)
		for line := range strings.Lines(p.Log()) {
			var entry struct {
				Message string `json:"msg"`
				Trace   string `json:"trace_id"`
			}
			if json.Unmarshal([]byte(line), &entry) == nil && entry.Trace == trace {
				missing = slices.DeleteFunc(missing, func(m string) bool { return m == entry.Message })
			}
		}
		return len(missing) == 0
	})
}
