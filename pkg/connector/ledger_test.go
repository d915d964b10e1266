package connector_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/record"
)

// withLedger makes an engine keep a ledger.
func withLedger(o *connector.Options) { o.Ledger = ledger.NewMeter() }

// timeline is what the ledger says of a record, oldest first.
func (b *bundle) timeline(id string) []admin.Change {
	b.t.Helper()
	page, err := ledger.Timeline(b.t.Context(), b.db, id, admin.Page{Limit: 100})
	require.NoError(b.t, err)
	slices.Reverse(page.Data)
	return page.Data
}

// told is a change in short: direction, operation, state, and why it was skipped.
func told(changes []admin.Change) []string {
	short := make([]string, 0, len(changes))
	for _, c := range changes {
		text := c.Direction + " " + c.Op + " " + c.State
		if c.Skip != "" {
			text += ": " + c.Skip
		}
		short = append(short, text)
	}
	return short
}

func TestTheLedgerTellsWhatHappenedToARecord(t *testing.T) {
	t.Parallel()
	b := setup(t, withLedger)
	s := customer("Ada")
	b.deliver(s)
	b.work()
	object := b.object(s.ID)
	b.remote.Edit(object.ID, record.Patch{"name": "Eve", "phone": "1"})
	b.webhooks() // of the create, an echo, and of the edit
	b.work()
	changes, _ := b.sent()
	s = next(s, record.Patch{"name": "Eve", "phone": "1"})
	s.Seen = map[string]int64{"stripe": changes[0].Seq}
	b.deliver(s)
	b.work()
	require.NoError(t, b.transactPull(s.ID))
	b.work()
	b.deliver(deleted(s))
	b.work()
	lines := b.timeline(s.ID)
	require.Equal(t, []string{
		"outbound create applied", "inbound check skipped: echo", "inbound update sent", "outbound update skipped: echo",
		"inbound check skipped: nothing moved", "outbound delete applied",
	}, told(lines))
	require.Equal(t, []admin.FieldDiff{{Field: "name", After: "Ada"}}, lines[0].Fields)
	require.Equal(t, []admin.FieldDiff{{Field: "name", Before: "Ada", After: "Eve"}, {Field: "phone", After: "1"}}, lines[2].Fields)
	require.Equal(t, object.ID, lines[0].RemoteID, "a search for the object finds its create")
	require.NotEmpty(t, lines[0].EventID)
	require.NotEmpty(t, lines[1].EventID)
	require.NotEmpty(t, lines[2].EventID)
	require.Len(t, lines[0].Attempts, 1)
	require.Equal(t, "create", lines[0].Attempts[0].Op)
	require.Contains(t, lines[0].Attempts[0].Worker, "#1")
	require.Equal(t, "get", lines[2].Attempts[0].Op)
	require.Equal(t, "get", lines[4].Attempts[0].Op)
}

func TestTheLedgerTellsThatAFieldWhichBothSidesChangedIsUndecided(t *testing.T) {
	t.Parallel()
	b := setup(t, withLedger)
	s := customer("Ada")
	b.deliver(s)
	b.work()
	b.remote.Edit(b.object(s.ID).ID, record.Patch{"name": "Eve"})
	b.webhooks()
	b.work()
	b.deliver(next(s, record.Patch{"name": "Zoe"})) // made without knowing of Eve
	b.work()
	lines := told(b.timeline(s.ID))
	require.Equal(t, "outbound update skipped: undecided", lines[len(lines)-1])
	require.Equal(t, "Eve", b.object(s.ID).Fields["name"])
}

func (b *bundle) transactPull(id string) error {
	return b.engine.Pull(b.db.WithContext(b.t.Context()), id)
}

// answering tells status and request id of its calls, as a remote over HTTP does.
type answering struct{ *refusing }

func (a answering) Create(ctx context.Context, call connector.Call, fields record.Fields) (connector.Object, error) {
	object, err := a.refusing.Create(ctx, call, fields)
	status := 200
	if err != nil {
		status = 400
	}
	connector.NoteAnswer(ctx, status, "req_"+call.Key)
	return object, err
}

func TestAllAttemptsAreFoldedIntoTheChangeThatTheyWereMadeFor(t *testing.T) {
	t.Parallel()
	b, remote := setupRefusing(t)
	meter := ledger.NewMeter()
	b.engine = b.newEngine(func(o *connector.Options) { o.Remote, o.Ledger = answering{remote}, meter })
	s := customer("Ada")
	remote.fail(errNoAnswer)
	b.deliver(s)
	b.turn()
	b.turn()
	require.Equal(t, []string{"outbound create retrying"}, told(b.timeline(s.ID)))
	remote.fail(errRefused)
	b.turn()
	require.Equal(t, []string{"outbound create failed"}, told(b.timeline(s.ID)))
	remote.fail(nil)
	require.NoError(t, b.engine.Retry(b.db.WithContext(t.Context()), s.ID))
	b.work()
	lines := b.timeline(s.ID)
	require.Equal(t, []string{"outbound create applied"}, told(lines))
	require.NotEmpty(t, lines[0].RemoteID)
	attempts := lines[0].Attempts
	require.Len(t, attempts, 4)
	for i, want := range []admin.Attempt{
		{Number: 1, Status: 400, Class: "transient"},
		{Number: 2, Status: 400, Class: "transient"},
		{Number: 3, Status: 400, Class: "permanent", Field: "email", Error: "not an email address"},
		{Number: 4, Status: 200},
	} {
		require.Equal(t, want.Number, attempts[i].Number)
		require.Equal(t, want.Status, attempts[i].Status)
		require.Equal(t, want.Class, attempts[i].Class)
		require.Equal(t, want.Field, attempts[i].Field)
		require.NotEmpty(t, attempts[i].RequestID)
	}
	require.NoError(t, meter.Flush(t.Context(), b.db))
	points, err := ledger.Series(t.Context(), b.db, admin.Window{Since: time.Now().Add(-time.Hour), Until: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	var outbound, failed int64
	for _, p := range points {
		outbound += p.Outbound
		failed += p.Errors["transient"] + p.Errors["permanent"]
	}
	require.EqualValues(t, 1, outbound)
	require.EqualValues(t, 3, failed)
}

func TestAVersionThatNeverGotThroughIsSuperseded(t *testing.T) {
	t.Parallel()
	b, remote := setupRefusing(t, withLedger)
	s := customer("Ada")
	remote.fail(errRefused)
	b.deliver(s)
	b.work()
	remote.fail(nil)
	b.deliver(next(s, record.Patch{"email": "a@example.com"}))
	b.work()
	require.Equal(t, []string{"outbound create skipped: superseded by version 2", "outbound create applied"}, told(b.timeline(s.ID)))
}

func TestADeleteThatTheGuardRefusesIsAFailedDelete(t *testing.T) {
	t.Parallel()
	b, remote := setupRefusing(t, withLedger, func(o *connector.Options) { o.DeletePolicy = connector.DeleteRefuse })
	s, _ := b.synced()
	remote.fail(&connector.Error{Class: connector.Permanent, Reason: "the customer has an active subscription"})
	b.deliver(deleted(s))
	b.work()
	lines := b.timeline(s.ID)
	require.Equal(t, []string{"outbound create applied", "outbound delete failed"}, told(lines))
	require.Equal(t, "deletable", lines[1].Attempts[0].Op)
	require.Contains(t, lines[1].Attempts[0].Error, "subscription")
}

func TestTheLedgerTellsWhatWaitedForAPause(t *testing.T) {
	t.Parallel()
	b := setup(t, withLedger)
	s, object := b.synced()
	b.operate(func(c *admin.Control) { c.Inbound = false })
	b.remote.Edit(object.ID, record.Patch{"phone": "1"})
	b.deliver(next(s, record.Patch{"name": "Eve"}))
	b.work()
	b.operate(func(c *admin.Control) { c.Inbound = true })
	b.work()
	require.Equal(t, []string{
		"outbound create applied", "outbound update applied", "inbound update skipped: inbound is paused: told after the resume",
		"inbound update sent",
	}, told(b.timeline(s.ID)))
}

func TestWhatAWorkerThatDiedHasNotCommittedIsNotInTheLedger(t *testing.T) {
	t.Parallel()
	b := setup(t, withLedger)
	b.faults(connectortest.FaultAfterCall)
	s := customer("Ada")
	b.deliver(s)
	b.turn()
	require.Empty(t, b.timeline(s.ID))
	b.work()
	lines := b.timeline(s.ID)
	require.Equal(t, "outbound create applied", told(lines)[0])
	require.Equal(t, event.StateSynced, event.SyncState(b.link(s.ID).State))
}

// BenchmarkTurn measures an update from its event to rest, the remote answering at once.
func BenchmarkTurn(b *testing.B) {
	for name, options := range map[string][]func(*connector.Options){"without a ledger": nil, "with a ledger": {withLedger}} {
		b.Run(name, func(b *testing.B) {
			s := setup(b, options...)
			snapshot, _ := s.synced()
			b.ResetTimer()
			for range b.N {
				snapshot = next(snapshot, record.Patch{"name": snapshot.Fields["name"][:1] + time.Now().String()})
				s.deliver(snapshot)
				_, err := s.engine.RunOnce(b.Context())
				require.NoError(b, err)
			}
		})
	}
}
