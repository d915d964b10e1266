package inbound_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
	"github.com/datasync-dev/datasync/services/catalog/internal/inbound"
	"github.com/datasync-dev/datasync/services/catalog/internal/syncstate"
)

// jane writes in the catalog.
var jane = customers.Author{Name: "jane", RequestID: "req-1"}

// bundle applies changes to a real database of its own.
type bundle struct {
	t       *testing.T
	db      *gorm.DB
	applier *inbound.Applier
	handler *inbound.Handler
	waiters *syncstate.Waiters
}

func setup(t *testing.T, policy string) *bundle {
	t.Helper()
	policies, err := inbound.ParsePolicies(policy, "")
	require.NoError(t, err)
	b := &bundle{
		t: t, db: postgrestest.Open(t, outbox.Migrations, ledger.Migrations, customers.Migrations), waiters: syncstate.NewWaiters(),
	}
	b.applier = inbound.NewApplier(b.db, policies, func() {})
	b.handler = inbound.NewHandler(b.db, b.applier, b.waiters, inbound.Options{
		Log: discard(), Meter: ledger.NewMeter(), Metrics: prometheus.NewRegistry(),
	})
	return b
}

// born makes a customer through the catalog's own writes.
func (b *bundle) born(body string) customers.Customer {
	b.t.Helper()
	edit, err := customers.Decode([]byte(body))
	require.NoError(b.t, err)
	var c customers.Customer
	require.NoError(b.t, b.db.Transaction(func(tx *gorm.DB) error {
		c, err = customers.Create(tx, jane, edit)
		return err
	}))
	return c
}

func (b *bundle) patch(id uuid.UUID, body string) {
	b.t.Helper()
	edit, err := customers.Decode([]byte(body))
	require.NoError(b.t, err)
	require.NoError(b.t, b.db.Transaction(func(tx *gorm.DB) error {
		_, err := customers.Patch(tx, jane, id, nil, edit)
		return err
	}))
}

func (b *bundle) apply(c event.Change) {
	b.t.Helper()
	require.NoError(b.t, b.applier.Apply(b.t.Context(), c, inbound.Message{ID: "m1"}))
}

func (b *bundle) get(id uuid.UUID) customers.Customer {
	b.t.Helper()
	c, err := customers.Get(b.t.Context(), b.db, id)
	require.NoError(b.t, err)
	return c
}

// events returns what is in the outbox, oldest first.
func (b *bundle) events() []event.Snapshot {
	b.t.Helper()
	var rows []struct{ Key, Body string }
	require.NoError(b.t, b.db.Raw("SELECT key, convert_from(body, 'UTF8') AS body FROM outbox ORDER BY id").Scan(&rows).Error)
	snapshots := make([]event.Snapshot, len(rows))
	for i, row := range rows {
		var err error
		snapshots[i], err = event.DecodeSnapshot([]byte(row.Body))
		require.NoError(b.t, err)
	}
	return snapshots
}

func (b *bundle) conflicts(id uuid.UUID) []customers.Conflict {
	b.t.Helper()
	page, err := customers.ListConflicts(b.t.Context(), b.db, customers.ConflictFilter{Customer: id}, customers.Cursor{}, 100)
	require.NoError(b.t, err)
	return page.Items
}

// change is a change at Stripe with one seq and base for all its fields.
func change(id uuid.UUID, seq, base int64, fields record.Fields) event.Change {
	moved := map[string]record.Inbound{}
	for field, value := range fields {
		moved[field] = record.Inbound{Seq: seq, Value: value, Base: base, At: time.Now()}
	}
	return event.Change{
		Remote: "stripe", Kind: event.KindCustomer, ID: id.String(), RemoteID: "cus_1", Generation: 1, Seq: seq, Fields: moved,
	}
}

func deletion(id uuid.UUID, seq int64) event.Change {
	c := change(id, seq, 0, nil)
	c.Deleted = true
	return c
}

func delivered(e event.Envelope) *rabbitmq.Delivery {
	return &rabbitmq.Delivery{Body: e.JSON(), Exchange: event.ChangesExchange, Key: e.Type, ID: e.ID}
}
