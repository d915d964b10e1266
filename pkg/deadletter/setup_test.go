package deadletter_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/deadletter"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

const (
	patience = 20 * time.Second
	operator = "ada"
)

func open(t *testing.T) *gorm.DB {
	t.Helper()
	return postgrestest.Open(t, outbox.Migrations, deadletter.Migrations)
}

// delivery is a letter of ours as it arrives in the dead-letter queue.
func delivery(id, body string) *rabbitmq.Delivery {
	return &rabbitmq.Delivery{ID: id, Body: []byte(body), Exchange: "dead", Key: "worker", Headers: map[string]string{
		rabbitmq.HeaderReason: "cannot be decoded", rabbitmq.HeaderExchange: "events", rabbitmq.HeaderKey: "work.done",
		rabbitmq.HeaderQueue: "work.v1", "traceparent": "00-1-2-01",
	}}
}

// store hands deliveries to an intake, one batch.
func store(t *testing.T, db *gorm.DB, batch ...*rabbitmq.Delivery) {
	t.Helper()
	require.NoError(t, deadletter.NewIntake(db, nil).Handle(t.Context(), batch))
}

// list returns all letters, what died last first.
func list(t *testing.T, db *gorm.DB) []admin.DeadLetter {
	t.Helper()
	page, err := deadletter.List(t.Context(), db, deadletter.Filter{})
	require.NoError(t, err)
	require.False(t, page.HasMore)
	return page.Data
}

// only returns the one letter that there is.
func only(t *testing.T, db *gorm.DB) (admin.DeadLetter, uuid.UUID) {
	t.Helper()
	all := list(t, db)
	require.Len(t, all, 1)
	return all[0], uuid.MustParse(all[0].ID)
}

// sent is what a relay would publish now.
func sent(t *testing.T, db *gorm.DB) (messages []rabbitmq.Message) {
	t.Helper()
	relay := outbox.NewRelay(db, publisher(func(m rabbitmq.Message) { messages = append(messages, m) }), outbox.RelayOptions{})
	_, err := relay.RunOnce(t.Context())
	require.NoError(t, err)
	return messages
}

type publisher func(rabbitmq.Message)

func (p publisher) Publish(_ context.Context, msgs []rabbitmq.Message) []error {
	for _, m := range msgs {
		p(m)
	}
	return make([]error, len(msgs))
}
