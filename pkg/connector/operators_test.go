package connector_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/record"
)

func (b *bundle) transact(f func(tx *gorm.DB) error) error {
	return b.db.WithContext(b.t.Context()).Transaction(f)
}

// operate changes what operators want, and lets the engine hear of it.
func (b *bundle) operate(edit func(*admin.Control)) {
	b.t.Helper()
	require.NoError(b.t, b.transact(func(tx *gorm.DB) error {
		_, err := b.engine.SetControl(tx, "operator", edit)
		return err
	}))
	require.NoError(b.t, b.engine.Heartbeat(b.t.Context()))
}

func (b *bundle) link(id string) admin.Link {
	b.t.Helper()
	l, err := b.engine.Link(b.t.Context(), id, false)
	require.NoError(b.t, err)
	return l
}

func TestWhileOutboundIsPausedNothingIsWrittenAndEditsStillArrive(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, object := b.synced()
	b.operate(func(c *admin.Control) { c.Outbound = false })
	writes := b.remote.Writes()
	s = next(s, record.Patch{"name": "Eve"})
	other := customer("Grace")
	b.deliver(s, other)
	b.remote.Edit(object.ID, record.Patch{"phone": "1"})
	b.webhooks()
	b.work()
	require.Equal(t, writes+1, b.remote.Writes(), "only the person's")
	changes, states := b.sent()
	require.Equal(t, map[string]string{"phone": "1@1"}, values(changes[0]))
	require.Equal(t, event.StatePending, states[len(states)-1].State)
	b.operate(func(c *admin.Control) { c.Outbound = true })
	b.work()
	require.Equal(t, record.Fields{"name": "Eve", "phone": "1"}, b.object(s.ID).Fields)
	b.object(other.ID)
}

func TestWhileInboundIsPausedNotificationsAreKeptAndPushesGoOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, object := b.synced()
	b.operate(func(c *admin.Control) { c.Inbound = false })
	b.remote.Edit(object.ID, record.Patch{"phone": "1"})
	made := b.remote.Add(record.Fields{"name": "theirs"})
	b.notices[1].LocalID = ""
	b.webhooks()
	b.work()
	b.deliver(next(s, record.Patch{"name": "Eve"})) // its answer shows the phone
	b.work()
	changes, _ := b.sent()
	require.Empty(t, changes)
	require.Equal(t, record.Fields{"name": "Eve", "phone": "1"}, b.object(s.ID).Fields)
	b.operate(func(c *admin.Control) { c.Inbound = true })
	b.work()
	changes, _ = b.sent()
	told := map[string]map[string]string{}
	for _, change := range changes {
		told[change.ID] = values(change)
	}
	require.Equal(t, map[string]map[string]string{
		s.ID: {"phone": "1@2"}, connector.AdoptedID("stripe", made): {"name": "theirs@0"},
	}, told)
}

func TestADeletionThatWasSeenWhileInboundWasPausedIsToldAfterwards(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, object := b.synced()
	b.operate(func(c *admin.Control) { c.Inbound = false })
	b.remote.Remove(object.ID)
	b.deliver(next(s, record.Patch{"name": "Eve"})) // finds it gone
	b.work()
	changes, _ := b.sent()
	require.Empty(t, changes)
	b.operate(func(c *admin.Control) { c.Inbound = true })
	b.work()
	changes, _ = b.sent()
	require.Len(t, changes, 1)
	require.True(t, changes[0].Deleted)
}

func TestAPausedRecordIsLeftAloneUntilItIsResumed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, object := b.synced()
	require.NoError(t, b.transact(func(tx *gorm.DB) error { return b.engine.Pause(tx, s.ID) }))
	b.deliver(next(s, record.Patch{"name": "Eve"}))
	b.remote.Edit(object.ID, record.Patch{"phone": "1"})
	b.webhooks()
	worked, err := b.engine.RunOnce(t.Context())
	require.NoError(t, err)
	require.Zero(t, worked)
	require.True(t, b.link(s.ID).Paused)
	require.NoError(t, b.transact(func(tx *gorm.DB) error { return b.engine.Resume(tx, s.ID) }))
	b.work()
	require.Equal(t, record.Fields{"name": "Eve", "phone": "1"}, b.object(s.ID).Fields)
}

func TestPushMakesTheCatalogWinAndPullTheRemote(t *testing.T) {
	t.Parallel()
	for name, push := range map[string]bool{"push": true, "pull": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			s, object := b.synced()
			b.remote.Edit(object.ID, record.Patch{"name": "drifted"})
			b.notices = nil // and nobody hears of it
			act := b.engine.Pull
			if push {
				act = b.engine.Push
			}
			require.NoError(t, b.transact(func(tx *gorm.DB) error { return act(tx, s.ID) }))
			b.work()
			changes, _ := b.sent()
			if push {
				require.Empty(t, changes)
				require.Equal(t, "Ada", b.object(s.ID).Fields["name"])
				b.remote.Edit(object.ID, record.Patch{"name": "again"}) // a push counts once
				b.webhooks()
				b.work()
				changes, _ = b.sent()
			}
			require.Len(t, changes, 1)
		})
	}
}

func TestActionsOnARecordThatIsNotThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, act := range []func(*gorm.DB, string) error{
		b.engine.Push, b.engine.Pull, b.engine.Retry, b.engine.Pause, b.engine.Resume, b.engine.Unlink,
	} {
		require.ErrorIs(t, b.transact(func(tx *gorm.DB) error { return act(tx, customer("").ID) }), connector.ErrNoLink)
	}
	_, err := b.engine.Link(t.Context(), customer("").ID, true)
	require.ErrorIs(t, err, connector.ErrNoLink)
}

func (b *bundle) linkTo(id, remoteID string) error {
	if err := b.engine.CanLink(b.t.Context(), id, remoteID); err != nil {
		return err
	}
	return b.transact(func(tx *gorm.DB) error { return b.engine.LinkTo(tx, id, remoteID) })
}

func TestARecordCanBeUnlinkedAndLinkedToAnotherObject(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, object := b.synced()
	require.ErrorIs(t, b.linkTo(s.ID, object.ID), connector.ErrLinked)
	require.NoError(t, b.transact(func(tx *gorm.DB) error { return b.engine.Unlink(tx, s.ID) }))
	_, states := b.sent()
	require.Equal(t, event.StateDetached, states[0].State)
	require.Empty(t, states[0].RemoteID)
	s = next(s, record.Patch{"name": "Eve"})
	b.deliver(s)
	b.remote.Edit(object.ID, record.Patch{"phone": "1"})
	b.webhooks()
	b.work()
	require.Equal(t, "Ada", b.object(s.ID).Fields["name"], "left alone")
	changes, _ := b.sent()
	require.Empty(t, changes)

	another := b.remote.Add(record.Fields{"name": "Eve", "email": "e@example.com"})
	require.ErrorIs(t, b.linkTo(s.ID, "cus_none"), connector.ErrGone)
	require.NoError(t, b.linkTo(s.ID, another))
	b.work()
	changes, states = b.sent()
	require.Equal(t, another, states[len(states)-1].RemoteID)
	require.Equal(t, "e@example.com", changes[0].Fields["email"].Value, "what only the remote has goes to the catalog")
	second := customer("Grace")
	b.deliver(second)
	b.work()
	require.NoError(t, b.transact(func(tx *gorm.DB) error { return b.engine.Unlink(tx, second.ID) }))
	require.ErrorIs(t, b.linkTo(second.ID, another), connector.ErrLinked)
}

func TestFailuresAreGroupedByReason(t *testing.T) {
	t.Parallel()
	b, remote := setupRefusing(t)
	remote.fail(&connector.Error{Class: connector.Permanent, Field: "email", Reason: "not an email address"})
	for range 7 {
		b.deliver(customer("Ada"))
	}
	b.work()
	remote.fail(&connector.Error{Class: connector.Permanent, Reason: "no"})
	b.deliver(customer("Grace"))
	b.work()
	groups, err := b.engine.Failures(t.Context())
	require.NoError(t, err)
	require.Len(t, groups, 2)
	require.EqualValues(t, 7, groups[0].Count)
	require.Equal(t, "email", groups[0].Field)
	require.Len(t, groups[0].Sample, 5)
	require.Contains(t, groups[0].Fix, "email")
	require.WithinDuration(t, time.Now(), groups[0].FirstSeen, time.Minute)
	page, err := b.engine.Links(t.Context(), admin.LinkFilter{State: "failed", Field: "email", Page: admin.Page{Limit: 5}})
	require.NoError(t, err)
	require.Len(t, page.Data, 5)
	page, err = b.engine.Links(t.Context(), admin.LinkFilter{State: "failed", Page: admin.Page{Limit: 50, Cursor: page.NextCursor}})
	require.NoError(t, err)
	require.NotEmpty(t, page.Data)
	require.False(t, page.HasMore)
	_, err = b.engine.Links(t.Context(), admin.LinkFilter{State: "lost"})
	require.ErrorIs(t, err, connector.ErrBadFilter)
	remote.fail(nil)
	b.unpark(admin.RetryRequest{Fingerprint: groups[0].Fingerprint})
	b.work()
	groups, err = b.engine.Failures(t.Context())
	require.NoError(t, err)
	require.Len(t, groups, 1, "the other group was not selected")
}

// unpark asks for a job that tries records again, and waits until it has done so.
func (b *bundle) unpark(r admin.RetryRequest) admin.Job {
	b.t.Helper()
	var job admin.Job
	wanted, err := b.engine.RetryOf(b.t.Context(), r)
	require.NoError(b.t, err)
	require.NoError(b.t, b.transact(func(tx *gorm.DB) (err error) {
		job, err = jobs.Create(tx, wanted)
		return err
	}))
	runner := jobs.NewRunner(jobs.Options{
		DB: b.db, Kinds: map[string]jobs.Handler{connector.KindRetry: b.engine.UnparkJob},
		Poll: time.Millisecond, Log: slog.New(slog.DiscardHandler),
	})
	b.running(runner.Run)
	b.eventually(func() bool {
		var err error
		job, err = jobs.Get(b.t.Context(), b.db, job.ID)
		require.NoError(b.t, err)
		return job.State == jobs.Done
	})
	return job
}

func TestParkedRecordsAreTriedAgainAtARate(t *testing.T) {
	t.Parallel()
	b, remote := setupRefusing(t)
	remote.fail(errRefused)
	for range 12 {
		b.deliver(customer("Ada"))
	}
	b.work()
	remote.fail(nil)
	began := time.Now()
	job := b.unpark(admin.RetryRequest{All: true, Rate: 20})
	require.EqualValues(t, 12, job.Done)
	require.EqualValues(t, 12, job.Total)
	require.Greater(t, time.Since(began), 500*time.Millisecond)
	b.work()
	require.Len(t, b.remote.Objects(), 12)
}

func TestARetryThatSelectsNothingIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for want, r := range map[error]admin.RetryRequest{
		connector.ErrNothingSelected: {Rate: 1}, connector.ErrNoLink: {RecordIDs: []string{"x"}},
	} {
		_, err := b.engine.RetryOf(t.Context(), r)
		require.ErrorIs(t, err, want)
	}
}
