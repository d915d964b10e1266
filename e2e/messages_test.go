package e2e_test

import (
	"context"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/record"
)

// broker is a client of the stack's virtual host.
func (s *stack) broker() *rabbitmq.Client {
	s.t.Helper()
	client := rabbitmq.New(rabbitmq.Options{URL: s.amqp, Name: "test", Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		assert.NoError(s.t, client.Run(ctx))
	}()
	s.t.Cleanup(func() { cancel(); <-done })
	require.Eventually(s.t, func() bool { return client.Ready() == nil }, patience, 10*time.Millisecond)
	return client
}

func TestMessagesThatCannotBeUnderstoodHoldNothingUp(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	broker := s.broker()
	s.create(object{"name": "First"}) // all queues are there
	newer := event.NewSnapshot(event.Updated, event.Snapshot{
		Kind: event.KindCustomer, ID: uuid.NewString(), Version: 1, Generation: 1, Fields: record.Fields{"name": "x"},
	})
	newer.Type = "customer.updated.v2"
	poison := map[string][]byte{"text": []byte("hello"), "nothing": {}, "another JSON": []byte(`{"a":1}`), "a newer schema": newer.JSON()}
	for name, body := range poison {
		for _, to := range []struct{ exchange, key string }{
			{event.EventsExchange, "customer.updated.v1"}, {event.ChangesExchange, "stripe.customer.v1"},
		} {
			errs := broker.Publish(t.Context(), []rabbitmq.Message{{Exchange: to.exchange, Key: to.key, ID: uuid.NewString(), Body: body}})
			require.NoError(t, errs[0], name)
		}
	}
	_, stripeID := s.create(object{"name": "Ada"})
	s.byHand(http.MethodPost, "/"+stripeID, object{"name": "Grace"})
	s.eventually("both directions work", func() bool {
		found := s.rest(http.MethodGet, "/v1/customers?stripe_customer_id="+stripeID, nil).body.list()
		return len(found) == 1 && found[0]["name"] == "Grace"
	})
	for queue, schema := range map[string]string{
		"stripe-connector.events.v1": s.connectorEnv["DATABASE_SCHEMA"], "catalog.changes.v1": s.catalogEnv["DATABASE_SCHEMA"],
	} {
		s.eventually("every dead letter is kept", func() bool { return s.deadLetters(schema, queue) == len(poison) })
	}
}

// deadLetters counts those with a reason that came from queue and wait in a service's schema.
func (s *stack) deadLetters(schema, queue string) (count int) {
	s.t.Helper()
	conn, err := pgx.Connect(s.t.Context(), postgrestest.URL())
	require.NoError(s.t, err)
	defer func() { require.NoError(s.t, conn.Close(s.t.Context())) }()
	require.NoError(s.t, conn.QueryRow(s.t.Context(), `SELECT count(*) FROM `+schema+`.dead_letters
		WHERE queue = $1 AND state = 'waiting' AND reason <> ''`, queue).Scan(&count))
	return count
}
