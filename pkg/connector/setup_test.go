package connector_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/record"
)

// bundle is an engine over a real database and a remote in memory. What the remote would send as webhooks waits in
// notices.
type bundle struct {
	t       testing.TB
	db      *gorm.DB
	remote  *connectortest.Memory
	engine  *connector.Engine
	notices []connector.Notice
}

func setup(t testing.TB, options ...func(*connector.Options)) *bundle {
	t.Helper()
	b := &bundle{t: t, remote: connectortest.NewMemory("cus")}
	b.db = postgrestest.Open(t, connector.Migrations, outbox.Migrations, jobs.Migrations, ledger.Migrations)
	b.remote.Moved = func(n connector.Notice) { b.notices = append(b.notices, n) }
	b.engine = b.newEngine(options...)
	return b
}

// newEngine opens another engine over the same database: a second replica, or the same one after a restart.
func (b *bundle) newEngine(options ...func(*connector.Options)) *connector.Engine {
	b.t.Helper()
	o := connector.Options{
		Name: "stripe", Kind: event.KindCustomer, Remote: b.remote, DB: b.db, Log: slog.New(slog.DiscardHandler),
		VerifyAfter: time.Microsecond,
	}
	for _, option := range options {
		option(&o)
	}
	engine, err := connector.New(o)
	require.NoError(b.t, err)
	return engine
}

// running runs a loop until the test ends or the returned function is called, which waits for it.
func (b *bundle) running(loop func(context.Context) error) (stop func()) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		assert.NoError(b.t, loop(ctx))
	}()
	stop = func() { cancel(); <-done }
	b.t.Cleanup(stop)
	return stop
}

// faults makes the next writes to the remote go wrong, in this order.
func (b *bundle) faults(faults ...connectortest.Fault) {
	b.remote.Next = func() connectortest.Fault {
		if len(faults) == 0 {
			return connectortest.FaultNone
		}
		fault := faults[0]
		faults = faults[1:]
		return fault
	}
}

// work lets workers turn until everything is at rest; one that crashes is followed by another.
func (b *bundle) work() {
	b.t.Helper()
	for range 100 {
		if b.turn(); !b.due() {
			return
		}
	}
	require.Fail(b.t, "it never comes to rest")
}

// turn is one turn of a worker, with every lease and back-off run out. A crash ends the worker, not the test.
func (b *bundle) turn() {
	b.t.Helper()
	require.NoError(b.t, b.db.Exec(`UPDATE links SET due_at = now() WHERE due_at IS NOT NULL`).Error)
	ctx, crash := context.WithCancel(b.t.Context())
	defer crash()
	b.remote.Crash = crash
	_, err := b.engine.RunOnce(ctx)
	require.NoError(b.t, err)
}

func (b *bundle) due() (due bool) {
	b.t.Helper()
	require.NoError(b.t, b.db.Raw(`SELECT EXISTS (SELECT FROM links WHERE due_at IS NOT NULL)`).Scan(&due).Error)
	return due
}

// customer is a snapshot of a new record.
func customer(name string) event.Snapshot {
	return event.Snapshot{
		Kind: event.KindCustomer, ID: uuid.NewString(), Version: 1, Generation: 1, Fields: record.Fields{"name": name},
	}
}

// next is the following version of a record.
func next(s event.Snapshot, patch record.Patch) event.Snapshot {
	s.Version++
	s.Fields = s.Fields.Apply(patch)
	return s
}

func deleted(s event.Snapshot) event.Snapshot {
	s = next(s, nil)
	s.Deleted = true
	return s
}

// deliver hands events to the engine as the broker would.
func (b *bundle) deliver(snapshots ...event.Snapshot) {
	b.t.Helper()
	batch := make([]*rabbitmq.Delivery, 0, len(snapshots))
	for _, s := range snapshots {
		batch = append(batch, &rabbitmq.Delivery{Body: event.NewSnapshot(event.Updated, s).JSON()})
	}
	require.NoError(b.t, b.engine.HandleEvents(b.t.Context(), batch))
}

// synced delivers a new customer, Ada, and works it off.
func (b *bundle) synced() (event.Snapshot, connector.Object) {
	b.t.Helper()
	s := customer("Ada")
	b.deliver(s)
	b.work()
	b.sent()
	b.notices = nil
	return s, b.object(s.ID)
}

// object is the one object of a record.
func (b *bundle) object(localID string) connector.Object {
	b.t.Helper()
	var found []connector.Object
	for _, object := range b.remote.Objects() {
		if object.LocalID == localID {
			found = append(found, object)
		}
	}
	require.Len(b.t, found, 1)
	return found[0]
}

// webhooks hands the engine what the remote has sent since the last time.
func (b *bundle) webhooks() {
	b.t.Helper()
	for _, n := range b.notices {
		require.NoError(b.t, b.engine.Notify(b.t.Context(), n))
	}
	b.notices = nil
}

// sent takes the messages for the catalog out of the outbox.
func (b *bundle) sent() (changes []event.Change, states []event.State) {
	b.t.Helper()
	var bodies [][]byte
	require.NoError(b.t, b.db.Raw(`WITH gone AS (DELETE FROM outbox RETURNING id, body) SELECT body FROM gone ORDER BY id`).
		Scan(&bodies).Error)
	for _, body := range bodies {
		report, err := event.DecodeReport(body)
		require.NoError(b.t, err)
		if report.Change != nil {
			changes = append(changes, *report.Change)
		} else {
			states = append(states, *report.State)
		}
	}
	return changes, states
}

// inbox returns the outcome of each notice.
func (b *bundle) inbox() (outcomes []string) {
	b.t.Helper()
	require.NoError(b.t, b.db.Raw(`SELECT outcome FROM inbox ORDER BY event_id`).Scan(&outcomes).Error)
	return outcomes
}

// values is what a change says, without its bookkeeping.
func values(c event.Change) map[string]string {
	result := map[string]string{}
	for field, inbound := range c.Fields {
		result[field] = fmt.Sprintf("%s@%d", inbound.Value, inbound.Base)
	}
	return result
}
