package browser_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/pkg/rabbitmq/rabbitmqtest"
	"github.com/datasync-dev/datasync/pkg/service/servicetest"
)

const (
	apiKey        = "ds_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	stripeKey     = "sk_test_browser0123456789"
	webhookSecret = "whsec_browser0123456789"

	patience = 30 * time.Second
	interval = 50 * time.Millisecond
)

// stack is a whole DataSync from its built binaries, the console included.
type stack struct {
	t                                      *testing.T
	simulator, catalog, connector, console *servicetest.Process
	connectorSchema                        string
}

func start(t *testing.T) *stack {
	t.Helper()
	return startOver(t, postgrestest.URL())
}

// startOver starts a stack over a database that is reached at this address.
func startOver(t *testing.T, databaseURL string) *stack {
	t.Helper()
	broker, webhooks := rabbitmqtest.VHost(t), addr(t)
	s := &stack{t: t, connectorSchema: postgrestest.Schema(t)}
	s.simulator = servicetest.Start(t, "stripe-simulator", map[string]string{
		"STRIPE_API_KEY": stripeKey, "STRIPE_WEBHOOK_SECRET": webhookSecret, "WEBHOOK_URL": "http://" + webhooks + "/webhooks/stripe",
	})
	s.catalog = servicetest.Start(t, "catalog", map[string]string{
		"AMQP_URL": broker, "BOOTSTRAP_API_KEY": apiKey, "DATABASE_URL": databaseURL, "DATABASE_SCHEMA": postgrestest.Schema(t),
		"CONFLICT_POLICY_FIELDS": "phone=manual", "RABBITMQ_UI": "http://localhost:15672",
	})
	s.connector = servicetest.Start(t, "stripe-connector", map[string]string{
		"ADDR": webhooks, "AMQP_URL": broker, "BOOTSTRAP_API_KEY": apiKey, "DATABASE_URL": databaseURL, "DATABASE_SCHEMA": s.connectorSchema, "RABBITMQ_UI": "http://localhost:15672",
		"STRIPE_API_URL": s.simulator.URL, "STRIPE_API_KEY": stripeKey, "STRIPE_WEBHOOK_SECRET": webhookSecret, "RATE_LIMIT": "1000", "ENDPOINT_RATE_LIMIT": "1000",
	})
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	require.NoError(t, err)
	s.console = servicetest.Start(t, "console", map[string]string{
		"CATALOG_URL": s.catalog.URL, "CATALOG_API_KEY": apiKey, "CONNECTORS": "stripe=" + s.connector.URL,
		"CONSOLE_USERS": "ada:admin:" + string(hash) + ",vera:viewer:" + string(hash),
	})
	return s
}

func addr(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", servicetest.FreePort(t))
}

// object is any JSON object.
type object map[string]any

func (o object) object(name string) object {
	inner, _ := o[name].(map[string]any)
	return inner
}

func (o object) text(name string) string {
	value, _ := o[name].(string)
	return value
}

// call makes a request with a JSON body and returns a 2xx answer.
func (s *stack) call(method, url string, body any, headers ...string) object {
	s.t.Helper()
	var content bytes.Buffer
	require.NoError(s.t, json.NewEncoder(&content).Encode(body))
	request, err := http.NewRequestWithContext(s.t.Context(), method, url, &content)
	require.NoError(s.t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+apiKey)
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, response.Body.Close()) }()
	raw, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, 2, response.StatusCode/100, "%s %s: %d %s", method, url, response.StatusCode, raw)
	var answer object
	if len(raw) > 0 {
		require.NoError(s.t, json.Unmarshal(raw, &answer))
	}
	return answer
}

// create makes a customer through REST, waits a moment for Stripe, and returns its ids; stripeID is "" if Stripe refuses it.
func (s *stack) create(customer object) (id, stripeID string) {
	s.t.Helper()
	created := s.call(http.MethodPost, s.catalog.URL+"/v1/customers", customer, "Prefer", "wait=10")
	return created.text("id"), created.object("sync").object("stripe").text("customer_id")
}

// patch changes a customer through REST.
func (s *stack) patch(id string, fields object) {
	s.t.Helper()
	s.call(http.MethodPatch, s.catalog.URL+"/v1/customers/"+id, fields, "Prefer", "wait=10")
}

// byHand changes a customer in Stripe's dashboard.
func (s *stack) byHand(stripeID string, fields object) {
	s.t.Helper()
	s.call(http.MethodPatch, s.simulator.URL+"/_sim/customers/"+stripeID, fields)
}

// flow stops and resumes the directions of the sync, and waits until the connector does so.
func (s *stack) flow(outbound, inbound bool) {
	s.t.Helper()
	control := s.connector.URL + "/admin/v1/control"
	s.call(http.MethodPatch, control, object{"outbound": outbound, "inbound": inbound}, "Content-Type", "application/merge-patch+json")
	s.eventually("applied", func() bool {
		now := s.call(http.MethodGet, control, nil)
		return now["applied"] == now["replicas"] && now["replicas"] != 0.0
	})
}

func (s *stack) eventually(what string, condition func() bool) {
	s.t.Helper()
	require.Eventually(s.t, condition, patience, interval, what)
}

// people are the customers of a populated stack.
type people struct {
	ada, alan, grace string
	adaAtStripe      string
	comparison       string // a dry run
}

// populate fills a stack with what pages are to show: a customer with a history of both directions, one that Stripe refuses, one
// with a conflict, and a comparison.
func (s *stack) populate() people {
	s.t.Helper()
	var p people
	for _, name := range []string{"Barbara Liskov", "Donald Knuth", "Frances Allen", "Margaret Hamilton", "Tony Hoare"} {
		s.create(object{"name": name, "email": fmt.Sprintf("%c%d@example.com", name[0]|0x20, len(name)), "metadata": object{"plan": "pro"}})
	}
	p.ada, p.adaAtStripe = s.create(object{"name": "A. King", "email": "ada@old.example", "address": object{"line1": "12 St James’s Square", "city": "Ockham", "country": "GB"}})
	var graceAtStripe string
	p.grace, graceAtStripe = s.create(object{"name": "Grace Hopper", "email": "grace@navy.example", "phone": "+1 212 555 0111"})
	s.patch(p.ada, object{"name": "Ada Lovelace", "address": object{"city": "London"}})
	s.byHand(p.adaAtStripe, object{"email": "ada@lovelace.example"})
	s.eventually("Stripe's edit arrived", func() bool {
		return s.call(http.MethodGet, s.catalog.URL+"/v1/customers/"+p.ada, nil).text("email") == "ada@lovelace.example"
	})
	s.patch(p.ada, object{"description": "first programmer"})
	p.alan, _ = s.create(object{"name": "Alan Turing", "email": "alan@example", "phone": "+44 20 7946 0000"})
	s.conflict(p.grace, graceAtStripe)
	p.comparison = s.call(http.MethodPost, s.connector.URL+"/admin/v1/reconciles", object{}).text("id")
	return p
}

// conflict changes the phone number on both sides while neither hears of the other.
func (s *stack) conflict(id, stripeID string) {
	s.t.Helper()
	s.flow(false, false)
	s.call(http.MethodPatch, s.catalog.URL+"/v1/customers/"+id, object{"phone": "+1 212 555 0100"})
	s.byHand(stripeID, object{"phone": "+1 212 555 0199"})
	s.flow(false, true)
	s.eventually("a conflict", func() bool {
		open, _ := s.call(http.MethodGet, s.catalog.URL+"/admin/v1/conflicts?open=true", nil)["data"].([]any)
		return len(open) == 1
	})
	s.flow(true, true)
}
