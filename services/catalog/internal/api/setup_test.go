package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/services/catalog/internal/api"
	"github.com/datasync-dev/datasync/services/catalog/internal/server"
	"github.com/datasync-dev/datasync/services/catalog/internal/syncstate"
)

// bundle is the real handler over a real database of its own.
type bundle struct {
	t       *testing.T
	db      *gorm.DB
	handler http.Handler
	keys    *auth.Keys
	key     string
	waiters *syncstate.Waiters
	spec    *spec
}

func setup(t *testing.T) *bundle {
	t.Helper()
	db := postgrestest.Open(t, server.Migrations()...)
	b := &bundle{t: t, db: db, keys: auth.NewKeys(db, time.Minute), waiters: syncstate.NewWaiters(), spec: loadSpec(t)}
	var err error
	b.key, err = b.keys.Issue(t.Context(), "test", []auth.Scope{auth.CustomersRead, auth.CustomersWrite}, time.Time{})
	require.NoError(t, err)
	b.handler = b.newHandler(db, &auth.Gate{Keys: b.keys})
	return b
}

func (b *bundle) newHandler(db *gorm.DB, gate *auth.Gate) http.Handler {
	alive := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	return api.New(api.Options{
		DB: db, Gate: gate, Remotes: []string{"stripe"}, Waiters: b.waiters, Committed: func() {},
		Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
		Livez: alive, Readyz: alive, MetricsUI: alive, Operators: b.operators(),
	})
}

// response is an answer that conforms to the OpenAPI description.
type response struct {
	Status int
	Header http.Header
	Raw    string
	Body   map[string]any
}

// do makes a request; headers are "Name: value".
func (b *bundle) do(method, target, body string, headers ...string) response {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), method, target, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+b.key)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	return b.serve(r)
}

func (b *bundle) serve(r *http.Request) response {
	b.t.Helper()
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	answer := response{Status: w.Code, Header: w.Header(), Raw: w.Body.String()}
	if strings.Contains(w.Header().Get("Content-Type"), "json") && w.Body.Len() > 0 {
		require.NoError(b.t, json.NewDecoder(bytes.NewReader(w.Body.Bytes())).Decode(&answer.Body), "%s", w.Body)
	}
	b.spec.check(b.t, r.Method, r.URL.Path, answer)
	return answer
}

// create makes a customer and returns its body.
func (b *bundle) create(body string) map[string]any {
	b.t.Helper()
	answer := b.do(http.MethodPost, "/v1/customers", body)
	require.Equal(b.t, http.StatusCreated, answer.Status, answer.Raw)
	return answer.Body
}

func idOf(customer map[string]any) string { return fmt.Sprint(customer["id"]) }

// data returns the items of a list.
func (r response) data(t *testing.T) []map[string]any {
	t.Helper()
	var list struct{ Data []map[string]any }
	require.NoError(t, json.Unmarshal([]byte(r.Raw), &list))
	return list.Data
}

func pathOf(customer map[string]any) string { return "/v1/customers/" + idOf(customer) }

// problem requires an error answer with this status and code.
func (r response) problem(t *testing.T, status int, code api.Code) {
	t.Helper()
	require.Equal(t, status, r.Status, r.Raw)
	require.Equal(t, "application/problem+json", r.Header.Get("Content-Type"))
	require.Equal(t, string(code), r.Body["code"], r.Raw)
	require.NotEmpty(t, r.Body["request_id"])
	require.Equal(t, r.Header.Get("X-Request-Id"), r.Body["request_id"])
	require.NotEmpty(t, r.Body["detail"])
}

// report stores a connector's report about a customer, as the consumer of its messages does.
func (b *bundle) report(customer map[string]any, s event.State) {
	b.t.Helper()
	s.Remote, s.Kind, s.ID = "stripe", event.KindCustomer, idOf(customer)
	if s.Generation == 0 {
		s.Generation = 1
	}
	if s.At.IsZero() {
		s.At = time.Now()
	}
	require.NoError(b.t, syncstate.Store(b.db.WithContext(context.WithoutCancel(b.t.Context())), []event.State{s}))
	b.waiters.Wake(uuid.MustParse(s.ID))
}

// events returns what is in the outbox, oldest first.
func (b *bundle) events() []event.Snapshot {
	b.t.Helper()
	var bodies []string
	require.NoError(b.t, b.db.Raw("SELECT convert_from(body, 'UTF8') FROM outbox ORDER BY id").Scan(&bodies).Error)
	snapshots := make([]event.Snapshot, len(bodies))
	for i, body := range bodies {
		var err error
		snapshots[i], err = event.DecodeSnapshot([]byte(body))
		require.NoError(b.t, err)
	}
	return snapshots
}
