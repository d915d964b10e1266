package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/rabbitmq/rabbitmqtest"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/pkg/service/servicetest"
)

const (
	apiKey   = "sk_test_server"
	otherKey = "sk_test_server_new"
	secret   = "whsec_server"

	operatorKey = "ds_operator_of_the_tests"
	patience    = 20 * time.Second
)

// system is a simulated Stripe, the connector as a process, and its database and broker. The catalog is the test.
type system struct {
	t                    *testing.T
	simulator, connector *servicetest.Process
	env                  map[string]string
	db                   *gorm.DB
	broker               *rabbitmq.Client
}

func start(t *testing.T, change map[string]string) *system {
	t.Helper()
	addr := "127.0.0.1:" + strconv.Itoa(servicetest.FreePort(t))
	s := &system{t: t}
	s.simulator = servicetest.Start(t, "stripe-simulator", map[string]string{
		"STRIPE_API_KEY": apiKey + "," + otherKey, "STRIPE_WEBHOOK_SECRET": secret, "WEBHOOK_URL": "http://" + addr + "/webhooks/stripe",
	})
	s.env = map[string]string{
		"ADDR": addr, "DATABASE_SCHEMA": postgrestest.Schema(t), "AMQP_URL": rabbitmqtest.VHost(t), "STRIPE_API_URL": s.simulator.URL,
		"STRIPE_API_KEY": apiKey, "STRIPE_WEBHOOK_SECRET": secret, "RATE_LIMIT": "1000", "ENDPOINT_RATE_LIMIT": "1000",
		"BOOTSTRAP_API_KEY": operatorKey,
	}
	maps.Copy(s.env, change)
	s.connector = servicetest.Start(t, "stripe-connector", s.env)
	s.connect()
	return s
}

// connect opens the connector's database and broker for the test.
func (s *system) connect() {
	s.t.Helper()
	db, err := postgres.Open(s.t.Context(), postgres.Options{URL: postgrestest.URL(), Schema: s.env["DATABASE_SCHEMA"], MaxConns: 2})
	require.NoError(s.t, err)
	s.db = db
	s.broker = rabbitmq.New(rabbitmq.Options{URL: s.env["AMQP_URL"], Name: "test", Topology: connector.Topology("stripe")})
	ctx, cancel := context.WithCancel(s.t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.broker.Run(ctx)
	}()
	s.t.Cleanup(func() {
		cancel()
		<-ended
		if pool, err := db.DB(); err == nil {
			_ = pool.Close()
		}
	})
}

// admin is a client of the operators' API.
func (s *system) admin() *admin.Client { return &admin.Client{URL: s.connector.URL, Key: operatorKey} }

// publish announces a version of a record, as the catalog would.
func (s *system) publish(snapshot event.Snapshot) {
	s.t.Helper()
	snapshot.Kind, snapshot.Generation = event.KindCustomer, 1
	verb := event.Updated
	if snapshot.Deleted {
		verb = event.Deleted
	}
	envelope := event.NewSnapshot(verb, snapshot)
	message := rabbitmq.Message{Exchange: event.EventsExchange, Key: envelope.Type, ID: uuid.NewString(), Body: envelope.JSON()}
	require.Eventually(s.t, func() bool { return s.broker.Publish(s.t.Context(), []rabbitmq.Message{message})[0] == nil }, patience, 20*time.Millisecond)
}

// link is what the connector's database knows of a record.
type link struct {
	LocalID  string
	RemoteID string
	State    string
	Version  int64
	Shadow   string
	Error    string
}

func (s *system) links() (links []link) {
	s.t.Helper()
	require.NoError(s.t, s.db.WithContext(s.t.Context()).Raw(`SELECT local_id, COALESCE(remote_id, '') AS remote_id, state, version,
		COALESCE(shadow::text, '') AS shadow, COALESCE(error::text, '') AS error FROM links`).Scan(&links).Error)
	return links
}

// linked waits until the one link is as wanted.
func (s *system) linked(as func(link) bool) link {
	s.t.Helper()
	var last []link
	require.Eventually(s.t, func() bool {
		last = s.links()
		return len(last) == 1 && as(last[0])
	}, patience, 20*time.Millisecond, "links: %+v", last)
	return last[0]
}

// call makes an HTTP call and returns the status and what was answered.
func (s *system) call(method, url string, body any) (int, map[string]any) {
	s.t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(s.t, err)
	request, err := http.NewRequestWithContext(s.t.Context(), method, url, bytes.NewReader(encoded))
	require.NoError(s.t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, response.Body.Close()) }()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	var answer map[string]any
	_ = json.Unmarshal(text, &answer) // not everything is JSON
	return response.StatusCode, answer
}

// sim calls the simulator's control API.
func (s *system) sim(method, path string, body any) map[string]any {
	s.t.Helper()
	status, answer := s.call(method, s.simulator.URL+"/_sim/"+path, body)
	require.Less(s.t, status, 300, "%s %s: %v", method, path, answer)
	return answer
}

// customers are those at the simulator.
func (s *system) customers() []any {
	s.t.Helper()
	list, ok := s.sim(http.MethodGet, "customers", nil)["data"].([]any)
	require.True(s.t, ok)
	return list
}

func fields(name string) record.Fields {
	return record.Fields{"name": name, "email": "ada@example.com"}
}
