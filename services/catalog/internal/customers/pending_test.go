package customers_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
	"github.com/datasync-dev/datasync/services/catalog/internal/syncstate"
)

const stripe = "stripe"

// waiting is a catalog of which it is asked who waits for Stripe.
type waiting struct {
	t  *testing.T
	db *gorm.DB
}

func newWaiting(t *testing.T) waiting {
	t.Helper()
	return waiting{t, postgrestest.Open(t, outbox.Migrations, ledger.Migrations, customers.Migrations)}
}

func (w waiting) exec(query string, args ...any) {
	w.t.Helper()
	require.NoError(w.t, w.db.Exec(query, args...).Error)
}

// later lets time pass for what is stored.
func (w waiting) later(by time.Duration) {
	w.exec(`UPDATE customers SET updated_at = updated_at - make_interval(secs => ?)`, by.Seconds())
	w.exec(`UPDATE sync_followed SET until = until - make_interval(secs => ?)`, by.Seconds())
}

func (w waiting) follow() {
	w.t.Helper()
	require.NoError(w.t, customers.FollowPending(w.t.Context(), w.db, stripe))
}

// looked is how many customers have to be looked at to find those that wait.
func (w waiting) looked() (count int64) {
	w.t.Helper()
	require.NoError(w.t, w.db.Raw(`SELECT (SELECT count(*) FROM sync_waiting) +
		(SELECT count(*) FROM customers WHERE updated_at >= (SELECT until FROM sync_followed))`).Scan(&count).Error)
	return count
}

func (w waiting) listed(limit int) (ids []uuid.UUID) {
	w.t.Helper()
	filter := customers.Filter{SyncState: event.StatePending, SyncRemote: stripe, IncludeDeleted: true}
	page, err := customers.List(w.t.Context(), w.db, filter, customers.Cursor{}, limit)
	require.NoError(w.t, err)
	for _, c := range page.Items {
		ids = append(ids, c.ID)
	}
	count, err := customers.CountPending(w.t.Context(), w.db, stripe, limit)
	require.NoError(w.t, err)
	require.Len(w.t, ids, int(count))
	return ids
}

func TestWhoWaitsIsFoundWhateverWasWrittenAndReported(t *testing.T) {
	t.Parallel()
	w := newWaiting(t)
	var ids []uuid.UUID
	for step := range 300 {
		switch rand.IntN(8) {
		case 0, 1:
			c, err := customers.Create(w.db.WithContext(t.Context()), customers.Author{Name: "tests"}, edit(t, step))
			require.NoError(t, err)
			ids = append(ids, c.ID)
		case 2:
			w.write(ids, step)
		case 3, 4, 5:
			w.report(ids, int64(step))
		case 6:
			w.later(time.Duration(rand.IntN(20)) * time.Second)
		case 7:
			w.follow()
		}
		var want []uuid.UUID
		for _, id := range ids {
			c, err := customers.Get(t.Context(), w.db, id)
			require.NoError(t, err)
			if c.SyncAt(stripe).State == event.StatePending {
				want = append(want, id)
			}
		}
		require.ElementsMatch(t, want, w.listed(1000), "after step %d", step)
	}
	w.later(time.Minute)
	w.follow()
	require.LessOrEqual(t, w.looked(), int64(len(w.listed(1000))), "nobody else is looked at")
}

func edit(t *testing.T, step int) customers.Edit {
	t.Helper()
	e, err := customers.Decode(fmt.Appendf(nil, `{"name": "customer %d"}`, step))
	require.NoError(t, err)
	return e
}

// write changes any of the customers.
func (w waiting) write(ids []uuid.UUID, step int) {
	if len(ids) == 0 {
		return
	}
	require.NoError(w.t, w.db.WithContext(w.t.Context()).Transaction(func(tx *gorm.DB) error {
		_, err := customers.Patch(tx, customers.Author{Name: "tests"}, ids[rand.IntN(len(ids))], nil, edit(w.t, step))
		return err
	}))
}

// report tells any state of any customer at its present version or one before.
func (w waiting) report(ids []uuid.UUID, revision int64) {
	if len(ids) == 0 {
		return
	}
	c, err := customers.Get(w.t.Context(), w.db, ids[rand.IntN(len(ids))])
	require.NoError(w.t, err)
	s := event.State{ID: c.ID.String(), Remote: stripe, Generation: c.Generation, Revision: revision, Version: c.Version, State: event.StateSynced}
	switch rand.IntN(6) {
	case 0:
		s.State, s.Version = event.StateFailed, c.Version-1
		s.Error = &event.SyncError{Class: "permanent", Reason: "refused", Version: c.Version}
	case 1:
		s.State, s.Version = event.StateRetrying, c.Version-1
		s.Error = &event.SyncError{Class: "transient", Reason: "away", Version: c.Version}
	case 2:
		s.State = event.StatePending
	}
	require.NoError(w.t, syncstate.Store(w.db.WithContext(w.t.Context()), []event.State{s}))
}

func TestAWriteThatIsUnderWayIsNotPassedOver(t *testing.T) {
	t.Parallel()
	w := newWaiting(t)
	w.follow()
	tx := w.db.WithContext(t.Context()).Begin()
	t.Cleanup(func() { tx.Rollback() })
	c, err := customers.Create(tx, customers.Author{Name: "tests"}, edit(t, 1))
	require.NoError(t, err)
	w.follow()
	require.Equal(t, "true", text(t, w.db, `SELECT (until <= ?::timestamptz - interval '5 seconds')::text FROM sync_followed`, c.UpdatedAt),
		"a transaction may take as long as it likes")
	require.NoError(t, tx.Commit().Error)
	require.Equal(t, []uuid.UUID{c.ID}, w.listed(10))
}

func TestAClockThatIsSetBackHidesNobodyForLong(t *testing.T) {
	t.Parallel()
	w := newWaiting(t)
	w.follow()
	w.exec(`UPDATE sync_followed SET until = now() + interval '1 hour'`)
	c, err := customers.Create(w.db.WithContext(t.Context()), customers.Author{Name: "tests"}, edit(t, 1))
	require.NoError(t, err)
	w.later(10 * time.Second)
	w.follow()
	require.Equal(t, []uuid.UUID{c.ID}, w.listed(10))
}

func TestManyCustomersAreFollowedInSteps(t *testing.T) {
	t.Parallel()
	w := newWaiting(t)
	w.exec(`INSERT INTO customers (id, version, generation, fields, clock, seen, updated_at)
		SELECT gen_random_uuid(), 1, 1, '{}', '{}', '{}', now() - make_interval(mins => 1 + n / 5000) FROM generate_series(1, 25000) n`)
	w.exec(`INSERT INTO customer_sync (customer_id, remote, state, version, generation, revision) SELECT id, 'stripe', 'synced', 1, 1, 1 FROM customers`)
	w.exec(`UPDATE customers SET version = 2 WHERE id IN (SELECT id FROM customers ORDER BY id LIMIT 30)`)
	w.follow()
	require.Equal(t, int64(30), w.looked())
	require.Len(t, w.listed(100), 30)

	w.exec(`UPDATE customers SET version = 3, updated_at = now()`)
	w.later(time.Minute)
	w.follow()
	w.follow()
	require.Len(t, w.listed(30_000), 25_000, "also when more wait than are written down")
	w.exec(`UPDATE customer_sync SET version = 3`)
	w.follow()
	w.follow()
	require.Zero(t, w.looked(), "it goes on when they no longer wait")
}

func TestReplicasThatFollowTogetherDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	w := newWaiting(t)
	w.follow()
	tx := w.db.WithContext(t.Context()).Begin()
	t.Cleanup(func() { tx.Rollback() })
	require.NoError(t, tx.Exec(`SELECT FROM sync_followed FOR UPDATE`).Error)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	require.NoError(t, customers.FollowPending(ctx, w.db, stripe))
}
