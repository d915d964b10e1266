package e2e_test

import (
	"io"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

// marks are parts of every personal value that the tests below use, and of secrets.
func marks() []string {
	return []string{"quillfeather", "4915550", "Zinnia", "seedkey", apiKey, stripeKey, webhookSecret}
}

// person is a customer whose every value can be recognised.
func person() object {
	return object{
		"name": "Ada Quillfeather", "email": "ada.quillfeather@example.com", "phone": "+4915550100",
		"description": "likes Quillfeather pies",
		"address":     object{"line1": "Zinnia Road 1", "city": "Zinniatown", "country": "DE"},
		"shipping":    object{"name": "Bob Quillfeather", "address": object{"line1": "Zinnia Road 2"}},
		"metadata":    object{"seedkey_ada": "quillfeather"},
	}
}

// edited is the person with some fields changed.
func edited(change object) object {
	body := person()
	maps.Copy(body, change)
	return body
}

// verbose is a stack that logs all it can.
func verbose(t *testing.T) *stack {
	t.Helper()
	s := start(t, map[string]string{"LOG_LEVEL": "debug"})
	s.catalog.Stop(t)
	s.catalogEnv["LOG_LEVEL"] = "debug"
	s.startCatalog()
	return s
}

// metrics are those of a service, as text.
func metrics(t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/metrics", http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return string(text)
}

func TestNoPersonalDataGetsIntoALogOrAMetric(t *testing.T) {
	t.Parallel()
	s := verbose(t)
	id, stripeID := s.create(person())
	s.wellBehaved(id, stripeID)
	s.misused(id)
	s.refused()
	s.poisoned(id)
	s.failing(id, stripeID)
	s.fails(id, object{"revoked_key": true}, "Ada Quillfeather IV")
	require.Equal(t, http.StatusOK, s.rest(http.MethodPost, "/v1/customers/"+id+"/erase", nil).status)

	told := map[string]string{
		"the catalog's metrics": metrics(t, s.catalog.URL), "the connector's metrics": metrics(t, s.connector.URL),
	}
	s.connector.Stop(t)
	s.catalog.Stop(t)
	s.simulator.Stop(t)
	told["the connector's log"], told["the catalog's log"], told["the simulator's log"] = s.connector.Log(), s.catalog.Log(), s.simulator.Log()
	for _, log := range []string{"the connector's log", "the catalog's log"} {
		require.Contains(t, told[log], "level=DEBUG", log)
		require.Contains(t, told[log], "level=WARN", log)
	}
	for what, text := range told {
		for _, mark := range marks() {
			require.NotRegexp(t, "(?i)"+regexp.QuoteMeta(mark), text, what)
		}
	}
}

// wellBehaved is what happens every day, in both directions.
func (s *stack) wellBehaved(id, stripeID string) {
	s.t.Helper()
	s.rest(http.MethodGet, "/v1/customers?email=ada.quillfeather@example.com&q=quillfeather", nil)
	s.rest(http.MethodPatch, "/v1/customers/"+id, object{"name": "Ada Quillfeather-Zinnia"}, "Prefer", "wait=10", "Idempotency-Key", "a")
	s.rest(http.MethodPatch, "/v1/customers/"+id, object{"name": "Ada Quillfeather-Zinnia"}, "Prefer", "wait=10", "Idempotency-Key", "a")
	s.byHand(http.MethodPost, "/"+stripeID, object{"phone": "+4915550200"})
	s.byHand(http.MethodPost, "", object{"name": "Grace Quillfeather", "email": "grace.quillfeather@example.com"})
	s.catalogShows(id, object{"phone": "+4915550200"})
	// Both sides at once: a conflict.
	s.knobs(object{"webhooks_paused": true})
	s.byHand(http.MethodPost, "/"+stripeID, object{"description": "Zinnia in Stripe"})
	s.rest(http.MethodPatch, "/v1/customers/"+id, object{"description": "Zinnia in the catalog"})
	s.knobs(object{"webhooks_paused": false})
	s.eventually("the conflict is recorded", func() bool {
		return len(s.rest(http.MethodGet, "/v1/customers/"+id+"/conflicts", nil).body.list()) > 0
	})
}

// misused are requests of clients that do it wrong.
func (s *stack) misused(id string) {
	s.t.Helper()
	for _, body := range []any{
		edited(object{"email": "quillfeather at example.com"}), edited(object{"quillfeather": "x"}), edited(object{"phone": 4915550100}),
		edited(object{"name": strings.Repeat("quillfeather", 1000)}),
		[]string{"quillfeather"},
		"quillfeather",
		edited(object{"metadata": object{"seedkey[quillfeather]": "x"}}),
	} {
		require.GreaterOrEqual(s.t, s.rest(http.MethodPost, "/v1/customers", body).status, http.StatusBadRequest)
		require.GreaterOrEqual(s.t, s.rest(http.MethodPatch, "/v1/customers/"+id, body).status, http.StatusBadRequest)
	}
	s.rest(http.MethodGet, "/v1/customers/ada.quillfeather@example.com", nil)
	s.rest(http.MethodGet, "/v1/customers?mail=ada.quillfeather@example.com", nil)
	s.rest(http.MethodGet, "/v1/customers?cursor=quillfeather", nil)
	s.rest(http.MethodGet, "/ada.quillfeather@example.com", nil)
	s.rest(http.MethodPost, "/v1/customers", person(), "Idempotency-Key", "a")
	call(s.t, http.MethodGet, s.catalog.URL+"/v1/customers", nil, "Authorization", "Bearer "+apiKey+"quillfeather")
	call(s.t, http.MethodPost, s.connector.URL+"/webhooks/stripe", person())
	call(s.t, http.MethodPost, s.connector.URL+"/webhooks/stripe", person(), "Stripe-Signature", "t=1,v1=quillfeather")
}

// refused is a customer that the catalog takes and Stripe does not.
func (s *stack) refused() {
	s.t.Helper()
	a := s.rest(http.MethodPost, "/v1/customers", edited(object{"address": object{"line1": "Zinnia Road 3", "country": "ZZ"}}))
	require.Equal(s.t, http.StatusCreated, a.status, a.body)
	s.catalogShows(a.body.text("id"), object{"sync": object{"stripe": object{"state": "failed"}}})
}

// poisoned are messages that nobody can handle.
func (s *stack) poisoned(id string) {
	s.t.Helper()
	broker := s.broker()
	text := `{"specversion":"1.0","id":"1","source":"/catalog","type":"customer.updated.v1","data":{"kind":"customer","id":"` + id +
		`","version":"quillfeather","fields":{"email":"ada.quillfeather@example.com"}}}`
	for exchange, key := range map[string]string{event.EventsExchange: "customer.updated.v1", event.ChangesExchange: "stripe.customer.v1"} {
		errs := broker.Publish(s.t.Context(), []rabbitmq.Message{{Exchange: exchange, Key: key, ID: uuid.NewString(), Body: []byte(text)}})
		require.NoError(s.t, errs[0])
	}
	s.eventually("both are dead letters", func() bool {
		return s.deadLetters(s.connectorEnv["DATABASE_SCHEMA"], "stripe-connector.events.v1") == 1 &&
			s.deadLetters(s.catalogEnv["DATABASE_SCHEMA"], "catalog.changes.v1") == 1
	})
}

// fails turns a knob so that an edit does not reach Stripe.
func (s *stack) fails(id string, fault object, name string) {
	s.t.Helper()
	s.knobs(fault)
	s.rest(http.MethodPatch, "/v1/customers/"+id, object{"name": name})
	s.eventually("it fails", func() bool {
		state := s.rest(http.MethodGet, "/v1/customers/"+id, nil).body.object("sync").object("stripe")
		return state["state"] == "retrying"
	})
}

// failing is a Stripe that answers with errors, or not at all.
func (s *stack) failing(id, stripeID string) {
	s.t.Helper()
	for i, fault := range []object{{"error_rate_before": 1}, {"error_rate_after": 1}, {"drop_answer_rate": 1}} {
		s.fails(id, fault, "Ada Quillfeather "+strings.Repeat("I", i))
		s.byHand(http.MethodPost, "/"+stripeID, object{"shipping": object{"name": "Zinnia", "phone": "+4915550300"}})
		s.knobs(object{"error_rate_before": 0, "error_rate_after": 0, "drop_answer_rate": 0})
		s.catalogShows(id, object{"sync": object{"stripe": object{"state": "synced"}}})
	}
}

// schema opens the tables of one service.
func (s *stack) schema(env map[string]string) *gorm.DB {
	s.t.Helper()
	db, err := postgres.Open(s.t.Context(), postgres.Options{URL: postgrestest.URL(), Schema: env["DATABASE_SCHEMA"], MaxConns: 1})
	require.NoError(s.t, err)
	s.t.Cleanup(func() {
		if pool, err := db.DB(); err == nil {
			_ = pool.Close()
		}
	})
	return db
}

func TestAnErasedCustomerIsInNoTableOfAnyService(t *testing.T) {
	t.Parallel()
	s := verbose(t)
	catalog, connector := s.schema(s.catalogEnv), s.schema(s.connectorEnv)
	id, stripeID := s.create(person())
	s.wellBehaved(id, stripeID)
	s.poisoned(id)
	s.failing(id, stripeID)
	s.refused()
	personal := marks()[:4]
	require.NotEmpty(t, postgrestest.Holds(t, catalog, personal...))
	require.NotEmpty(t, postgrestest.Holds(t, connector, personal...))

	for _, customer := range s.rest(http.MethodGet, "/v1/customers", nil).body.list() {
		a := s.rest(http.MethodPost, "/v1/customers/"+customer.text("id")+"/erase", nil, "Prefer", "wait=20")
		require.Equal(t, http.StatusOK, a.status, a.body)
		require.Equal(t, "deleted", a.body.object("sync").object("stripe")["state"], a.body)
	}
	require.Empty(t, postgrestest.Holds(t, catalog, personal...))
	require.Empty(t, postgrestest.Holds(t, connector, personal...))
	require.Equal(t, true, s.stripe("/v1/customers/" + stripeID).body["deleted"])

	s.knobs(object{"webhook_duplicate_rate": 1}) // late and doubled notifications bring nothing back
	s.rest(http.MethodPost, "/v1/customers/"+id+"/restore", nil)
	s.catalog.Stop(t)
	s.startCatalog()
	s.connector.Stop(t)
	s.startConnector()
	s.create(object{"name": "Somebody else"})
	require.Empty(t, postgrestest.Holds(t, catalog, personal...))
	require.Empty(t, postgrestest.Holds(t, connector, personal...))
}
