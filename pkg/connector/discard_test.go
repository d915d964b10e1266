package connector_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/record"
)

// discarding is an engine whose remote refuses everything until it is told otherwise, with parked records.
func discarding(t *testing.T, names ...string) (b *bundle, remote *refusing, parked []event.Snapshot) {
	t.Helper()
	b, remote = setupRefusing(t)
	b.engine = b.newEngine(func(o *connector.Options) { o.Remote, o.Ledger = remote, ledger.NewMeter() })
	remote.fail(errRefused)
	for _, name := range names {
		s := customer(name)
		b.deliver(s)
		parked = append(parked, s)
	}
	b.work()
	b.sent()
	return b, remote, parked
}

// discard asks for jobs that discard and waits until all have.
func (b *bundle) discard(requests ...admin.DiscardRequest) (done []admin.Job) {
	b.t.Helper()
	for _, r := range requests {
		wanted, err := b.engine.DiscardOf(b.t.Context(), r)
		require.NoError(b.t, err)
		wanted.By = "grace"
		require.NoError(b.t, b.transact(func(tx *gorm.DB) error {
			job, err := jobs.Create(tx, wanted)
			done = append(done, job)
			return err
		}))
	}
	for range requests { // each has a runner of its own, as on two replicas
		b.running(jobs.NewRunner(jobs.Options{
			DB: b.db, Kinds: map[string]jobs.Handler{connector.KindDiscard: b.engine.DiscardJob},
			Poll: time.Millisecond, Log: slog.New(slog.DiscardHandler),
		}).Run)
	}
	for i := range done {
		b.eventually(func() (finished bool) {
			var err error
			done[i], err = jobs.Get(b.t.Context(), b.db, done[i].ID)
			require.NoError(b.t, err)
			return !done[i].FinishedAt.IsZero()
		})
		require.Equal(b.t, jobs.Done, done[i].State, done[i].Error)
	}
	return done
}

const accepted = "a test account"

func TestADiscardedRecordCountsAsFailedNoMore(t *testing.T) {
	t.Parallel()
	b, _, parked := discarding(t, "Ada", "Grace")
	job := b.discard(admin.DiscardRequest{RecordIDs: []string{parked[0].ID}, Reason: accepted})[0]
	require.Equal(t, map[string]int64{"discarded": 1}, job.Counts)
	groups, err := b.engine.Failures(t.Context())
	require.NoError(t, err)
	require.Len(t, groups, 1)
	require.Equal(t, []string{parked[1].ID}, groups[0].Sample)
	state, err := b.engine.State(t.Context())
	require.NoError(t, err)
	require.Equal(t, admin.Records{Total: 2, Failed: 1, Discarded: 1}, state.Records)
	l := b.link(parked[0].ID)
	require.Equal(t, "discarded", l.State)
	require.Equal(t, accepted, l.Discarded.Reason)
	require.Equal(t, "grace", l.Discarded.By)
	require.Equal(t, errRefused.Reason, l.Error.Reason, "why it is not in sync stays known")
	page, err := b.engine.Links(t.Context(), admin.LinkFilter{State: "discarded"})
	require.NoError(t, err)
	require.Len(t, page.Data, 1)
	require.Equal(t, []string{"outbound create discarded: " + accepted}, told(b.timeline(parked[0].ID)))
	_, states := b.sent()
	require.Len(t, states, 1)
	require.Equal(t, event.StateDiscarded, states[0].State)
	require.EqualValues(t, 1, states[0].Error.Version)
	require.False(t, b.due(), "nobody tries it")
}

func TestWhatUnparksARecordBringsADiscardedOneBack(t *testing.T) {
	t.Parallel()
	for name, back := range map[string]func(b *bundle, s event.Snapshot){
		"a newer version": func(b *bundle, s event.Snapshot) { b.deliver(next(s, record.Patch{"name": "Eve"})) },
		"a retry": func(b *bundle, s event.Snapshot) {
			require.NoError(b.t, b.engine.Retry(b.db.WithContext(b.t.Context()), s.ID))
		},
		"a retry as a job":                   func(b *bundle, s event.Snapshot) { b.unpark(admin.RetryRequest{RecordIDs: []string{s.ID}}) },
		"a retry of all that were discarded": func(b *bundle, _ event.Snapshot) { b.unpark(admin.RetryRequest{Discarded: true}) },
		"a push by an operator": func(b *bundle, s event.Snapshot) {
			require.NoError(b.t, b.transact(func(tx *gorm.DB) error { return b.engine.Push(tx, s.ID) }))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, remote, parked := discarding(t, "Ada")
			b.discard(admin.DiscardRequest{All: true, Reason: accepted})
			b.sent()
			remote.fail(nil)
			back(b, parked[0])
			b.work()
			require.Equal(t, "synced", b.link(parked[0].ID).State)
			require.Nil(t, b.link(parked[0].ID).Discarded)
			b.object(parked[0].ID)
			_, states := b.sent()
			require.Equal(t, event.StateSynced, states[len(states)-1].State)
		})
	}
}

func TestAnEditAtTheRemoteBringsADiscardedRecordBack(t *testing.T) {
	t.Parallel()
	b, remote, _ := discarding(t)
	remote.fail(nil)
	s, object := b.synced()
	remote.fail(errRefused)
	s = next(s, record.Patch{"name": "Eve"})
	b.deliver(s)
	b.work()
	require.Equal(t, "failed", b.link(s.ID).State)
	b.discard(admin.DiscardRequest{All: true, Reason: accepted})
	remote.fail(nil)
	b.remote.Edit(object.ID, record.Patch{"phone": "1"})
	b.webhooks()
	b.work()
	require.Equal(t, "synced", b.link(s.ID).State)
	require.Equal(t, record.Fields{"name": "Eve", "phone": "1"}, b.object(s.ID).Fields)
	changes, _ := b.sent()
	require.Equal(t, map[string]string{"phone": "1@1"}, values(changes[0]))
}

func TestARecordThatFailsAgainAfterADiscardIsAFailureAgain(t *testing.T) {
	t.Parallel()
	b, _, parked := discarding(t, "Ada")
	id := parked[0].ID
	b.discard(admin.DiscardRequest{All: true, Reason: accepted})
	require.NoError(t, b.engine.Retry(b.db.WithContext(t.Context()), id))
	b.work()
	require.Equal(t, "failed", b.link(id).State)
	require.Equal(t, []string{"outbound create failed"}, told(b.timeline(id)))
	b.discard(admin.DiscardRequest{All: true, Reason: "still"})
	b.deliver(next(parked[0], record.Patch{"name": "Eve"}))
	b.work()
	require.Equal(t, []string{"outbound create discarded: still", "outbound create failed"}, told(b.timeline(id)),
		"the line of the version that was given up keeps its reason")
	groups, err := b.engine.Failures(t.Context())
	require.NoError(t, err)
	require.Len(t, groups, 1)
}

func TestADiscardThatIsAskedForTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	b, _, parked := discarding(t, "Ada", "Grace", "Eve")
	group, err := b.engine.Failures(t.Context())
	require.NoError(t, err)
	r := admin.DiscardRequest{Fingerprint: group[0].Fingerprint, Reason: accepted}
	done := b.discard(r, r)
	require.EqualValues(t, 3, done[0].Counts["discarded"]+done[1].Counts["discarded"])
	_, states := b.sent()
	require.Len(t, states, 3)
	for _, s := range parked {
		require.Equal(t, []string{"outbound create discarded: " + accepted}, told(b.timeline(s.ID)))
	}
	_, err = b.engine.DiscardOf(t.Context(), r)
	require.ErrorIs(t, err, connector.ErrNothingParked)
}

func TestOnlyWhatIsParkedIsDiscarded(t *testing.T) {
	t.Parallel()
	b, remote, _ := discarding(t)
	_, err := b.engine.DiscardOf(t.Context(), admin.DiscardRequest{Reason: accepted})
	require.ErrorIs(t, err, connector.ErrNothingSelected)
	_, err = b.engine.DiscardOf(t.Context(), admin.DiscardRequest{RecordIDs: []string{"x"}, Reason: accepted})
	require.ErrorIs(t, err, connector.ErrNoLink)
	remote.fail(errNoAnswer)
	s := customer("Ada")
	b.deliver(s)
	b.turn()
	require.Equal(t, "retrying", b.link(s.ID).State)
	for _, r := range []admin.DiscardRequest{{All: true}, {RecordIDs: []string{s.ID}}, {RecordIDs: []string{uuid.NewString()}}} {
		_, err = b.engine.DiscardOf(t.Context(), r)
		require.ErrorIs(t, err, connector.ErrNothingParked)
	}
	remote.fail(errRefused)
	b.work()
	dry := b.discard(admin.DiscardRequest{All: true, DryRun: true, Reason: accepted})[0]
	require.Equal(t, map[string]int64{"would_discard": 1}, dry.Counts)
	require.Equal(t, "failed", b.link(s.ID).State)
	require.NoError(t, b.engine.Retry(b.db.WithContext(t.Context()), s.ID))
	_, err = b.engine.DiscardOf(t.Context(), admin.DiscardRequest{All: true})
	require.ErrorIs(t, err, connector.ErrNothingParked, "it is about to be tried")
}

func TestADeleteSettlesADiscardedRecord(t *testing.T) {
	t.Parallel()
	b, _, parked := discarding(t, "Ada")
	b.discard(admin.DiscardRequest{All: true, Reason: accepted})
	b.deliver(deleted(parked[0]))
	b.work()
	require.Equal(t, "deleted", b.link(parked[0].ID).State)
	require.Nil(t, b.link(parked[0].ID).Discarded)
}
