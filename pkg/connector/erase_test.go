package connector_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/pkg/record"
)

// seeded is a value that must be nowhere after an erasure.
const seeded = "Seeded Lovelace"

// erased is what the catalog says when a record is erased.
func erased(s event.Snapshot) event.Snapshot {
	s = deleted(s)
	s.Erased, s.Fields = true, record.Fields{}
	return s
}

// nothingLeft says that nothing holds what was seeded, neither here nor on the way to the catalog.
func (b *bundle) nothingLeft() {
	b.t.Helper()
	require.Empty(b.t, postgrestest.Holds(b.t, b.db, seeded))
}

// full is a synced record of which everything is kept that can be: something pending, a push, a finding, an error.
func (b *bundle) full() (event.Snapshot, connector.Object) {
	b.t.Helper()
	s, object := b.synced()
	s = next(s, record.Patch{"name": seeded, "email": seeded})
	b.deliver(s)
	b.work()
	b.remote.Edit(object.ID, record.Patch{"phone": seeded})
	b.webhooks()
	b.work()
	require.NoError(b.t, b.db.Exec(`INSERT INTO findings (job_id, n, kind, record_id, fields, outcome)
		VALUES (gen_random_uuid(), 1, 'drift', ?, '[{"before": "`+seeded+`"}]', 'reported')`, s.ID).Error)
	require.GreaterOrEqual(b.t, len(postgrestest.Holds(b.t, b.db, seeded)), 3)
	return s, object
}

func TestAnErasureLeavesNothingHereAndDeletesTheObject(t *testing.T) {
	t.Parallel()
	for name, policy := range map[string]connector.DeletePolicy{"delete": connector.DeleteAlways, "detach": connector.DeleteDetach} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, func(o *connector.Options) { o.DeletePolicy = policy })
			s, _ := b.full()
			b.deliver(deleted(s)) // what was only deleted before is erased all the same
			b.work()
			b.deliver(erased(deleted(s)))
			b.nothingLeft()
			b.work()
			b.nothingLeft()
			require.Empty(t, b.remote.Objects())
			_, states := b.sent()
			require.Equal(t, event.StateDeleted, states[len(states)-1].State)
		})
	}
}

func TestAnErasureThatKeepsTheObjectForgetsIt(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *connector.Options) { o.ErasePolicy = connector.EraseKeep })
	s, object := b.full()
	b.deliver(erased(s))
	b.work()
	b.notices = nil
	b.sent()
	b.remote.Edit(object.ID, record.Patch{"name": seeded, "description": seeded})
	b.webhooks()
	b.work()
	b.nothingLeft()
	require.Len(t, b.remote.Objects(), 1)
	changes, _ := b.sent()
	require.Empty(t, changes)
}

func TestAnErasureDoesNotWaitForARemoteThatIsDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, _ := b.full()
	b.faults(connectortest.FaultThrottled, connectortest.FaultBeforeCall)
	b.deliver(erased(s))
	b.turn()
	b.nothingLeft()
	require.Len(t, b.remote.Objects(), 1)
	b.work()
	require.Empty(t, b.remote.Objects(), "it is made up for")
}

func TestACreateWithoutAnAnswerIsFinishedToBeUndone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := customer(seeded)
	b.deliver(s)
	b.faults(connectortest.FaultAfterCall)
	b.turn()
	require.Len(t, b.remote.Objects(), 1, "it was made, and nobody here has heard")
	b.deliver(erased(s))
	b.work()
	b.nothingLeft()
	require.Empty(t, b.remote.Objects())
	changes, _ := b.sent()
	require.Empty(t, changes)
}

func TestWhatComesAfterAnErasureChangesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, object := b.full()
	b.deliver(erased(s))
	b.work()
	b.deliver(s, next(s, record.Patch{"name": seeded})) // a message that was overtaken
	b.webhooks()
	require.NoError(t, b.engine.Notify(t.Context(), connector.Notice{
		EventID: "evt_late", RemoteID: object.ID, LocalID: s.ID, Fields: record.Fields{"name": seeded}, Before: record.Fields{"name": seeded},
	}))
	b.work()
	b.nothingLeft()
	require.Empty(t, b.remote.Objects())
	b.deliver(erased(s))
	b.work()
	b.nothingLeft()
}

func TestARecordThatIsErasedHereFirstIsATombstone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := customer(seeded)
	b.deliver(erased(s))
	b.deliver(s)
	b.work()
	b.nothingLeft()
	require.Empty(t, b.remote.Objects())
}

func TestAnErasedRecordIsNotLinkedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := customer(seeded)
	b.deliver(erased(s))
	b.work()
	other := b.remote.Add(record.Fields{"name": "Grace"})
	require.ErrorIs(t, b.engine.CanLink(t.Context(), s.ID, other), connector.ErrErased)
}

func TestWhatElseIsKeptIsErasedInTheSameTransaction(t *testing.T) {
	t.Parallel()
	calls := 0
	b := setup(t, func(o *connector.Options) {
		o.Erase = func(tx *gorm.DB, localID, _ string) error {
			calls++
			return tx.Exec(`UPDATE links SET last_key = 'told' WHERE local_id = ?`, localID).Error
		}
	})
	s, _ := b.synced()
	b.deliver(erased(s))
	require.Equal(t, 1, calls)
	var key string
	require.NoError(t, b.db.Raw(`SELECT last_key FROM links`).Scan(&key).Error)
	require.Equal(t, "told", key)
}

func TestTheLedgerForgetsAnErasedRecordAlsoWhatACallThatWasLeftBehindSays(t *testing.T) {
	t.Parallel()
	b := setup(t, withLedger, func(o *connector.Options) {
		o.Erase = func(tx *gorm.DB, localID, _ string) error { return ledger.EraseRecord(tx, localID) }
	})
	s := customer(seeded)
	b.faults(connectortest.FaultAfterCall)
	b.deliver(s)
	b.turn() // dies with the create under way
	b.deliver(erased(s))
	b.work()
	require.Empty(t, b.remote.Objects())
	require.NotEmpty(t, b.timeline(s.ID))
	var lines []string
	require.NoError(t, b.db.Raw(`SELECT to_jsonb(c)::text FROM changes c UNION ALL SELECT to_jsonb(a)::text FROM attempts a UNION ALL
		SELECT to_jsonb(l)::text FROM links l`).Scan(&lines).Error)
	for _, line := range lines {
		require.NotContains(t, line, seeded)
	}
}
