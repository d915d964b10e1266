package connector_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/record"
)

func TestWhatAgreesIsReportedEqualWithoutACallPerRecord(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	for range 7 {
		b.synced()
	}
	report, found := b.reported(admin.ReconcileRequest{})
	require.Empty(t, found)
	require.EqualValues(t, 4, report.Pages, "two objects a page")
	require.EqualValues(t, 7, report.Compared)
	require.EqualValues(t, 7, report.Equal)
	require.Equal(t, 4, b.spy.pages)
	require.Zero(t, b.spy.gets)
}

func TestADryRunReportsDriftByFieldAndChangesNothing(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	s, object := b.synced()
	b.synced()
	b.silently(func() { b.remote.Edit(object.ID, record.Patch{"name": "Eve", "phone": "1"}) })
	writes := b.remote.Writes()

	report, found := b.reported(admin.ReconcileRequest{})

	require.Equal(t, []admin.Finding{{
		Kind: "drift", RecordID: s.ID, RemoteID: object.ID, Outcome: "reported",
		Fields: []admin.FieldDiff{{Field: "name", Before: "Ada", After: "Eve"}, {Field: "phone", After: "1"}},
	}}, found)
	require.EqualValues(t, 1, report.Drifted)
	require.EqualValues(t, 1, report.Equal)
	require.Equal(t, map[string]int64{"name": 1, "phone": 1}, report.Fields)
	require.Equal(t, writes, b.remote.Writes())
	changes, _ := b.sent()
	require.Empty(t, changes)
}

func TestARepairBySide(t *testing.T) {
	t.Parallel()
	for side, want := range map[string]struct {
		remote record.Fields
		told   map[string]string
	}{
		"catalog": {record.Fields{"name": "Ada"}, nil},
		"remote":  {record.Fields{"name": "Eve", "phone": "1"}, map[string]string{"name": "Eve@1", "phone": "1@1"}},
		"policy":  {record.Fields{"name": "Eve", "phone": "1"}, map[string]string{"name": "Eve@1", "phone": "1@1"}},
	} {
		t.Run(side, func(t *testing.T) {
			t.Parallel()
			b := setupCompare(t)
			s, object := b.synced()
			b.silently(func() { b.remote.Edit(object.ID, record.Patch{"name": "Eve", "phone": "1"}) })

			report, found := b.reported(admin.ReconcileRequest{Repair: side})

			require.EqualValues(t, 1, report.Repaired)
			require.Equal(t, "repaired", found[0].Outcome)
			require.Equal(t, want.remote, b.object(s.ID).Fields)
			s, told := b.catalog(s)
			if want.told == nil {
				require.Empty(t, told)
			} else {
				require.Equal(t, want.told, values(told[0]))
			}
			require.True(t, s.Fields.Equal(want.remote), "both sides hold the same: %v", s.Fields)
			report, _ = b.reported(admin.ReconcileRequest{})
			require.EqualValues(t, 1, report.Equal)
		})
	}
}

// A shadow that says what is on neither side: after a restored backup of the connector's database, for example.
func TestARepairOfWhatTheShadowDoesNotShow(t *testing.T) {
	t.Parallel()
	for side, name := range map[string]string{"catalog": "Ada", "remote": "Eve", "policy": "Ada"} {
		t.Run(side, func(t *testing.T) {
			t.Parallel()
			b := setupCompare(t)
			s, object := b.synced()
			b.silently(func() { b.remote.Edit(object.ID, record.Patch{"name": "Eve"}) })
			require.NoError(t, b.db.Exec(`UPDATE links SET shadow = '{"name": "Eve"}'`).Error)

			b.reported(admin.ReconcileRequest{Repair: side})

			s, _ = b.catalog(s)
			require.Equal(t, name, b.object(s.ID).Fields["name"])
			require.Equal(t, name, s.Fields["name"])
		})
	}
}

func TestARepairByTheCatalogKeepsWhatAPersonWritesAfterTheComparison(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	s, object := b.synced()
	b.silently(func() { b.remote.Edit(object.ID, record.Patch{"name": "Eve", "phone": "1"}) })
	b.spy.after = func(int) { b.silently(func() { b.remote.Edit(object.ID, record.Patch{"phone": "2"}) }) }

	b.reported(admin.ReconcileRequest{Repair: "catalog"})

	require.Equal(t, record.Fields{"name": "Ada", "phone": "2"}, b.object(s.ID).Fields, "phone 2 is newer than what was compared")
	_, told := b.catalog(s)
	require.Equal(t, map[string]string{"phone": "2@1"}, values(told[0]))
}

func TestWhatMovesDuringTheRunIsLeftToTheSync(t *testing.T) {
	t.Parallel()
	for name, move := range map[string]func(b *comparing, s event.Snapshot, object connector.Object){
		"an event arrives": func(b *comparing, s event.Snapshot, _ connector.Object) {
			b.deliver(next(s, record.Patch{"name": "Bea"}))
		},
		"an event arrives and is pushed": func(b *comparing, s event.Snapshot, _ connector.Object) {
			b.deliver(next(s, record.Patch{"name": "Bea"}))
			b.work()
		},
		"a webhook arrives": func(b *comparing, _ event.Snapshot, object connector.Object) {
			b.remote.Edit(object.ID, record.Patch{"name": "Eve"})
			b.webhooks()
		},
		"the catalog has yet to answer": func(b *comparing, _ event.Snapshot, object connector.Object) {
			b.remote.Edit(object.ID, record.Patch{"name": "Eve"})
			b.webhooks()
			b.work()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupCompare(t)
			s, object := b.synced()
			b.spy.after = func(int) { move(b, s, object) }
			report, found := b.reported(admin.ReconcileRequest{})
			require.Empty(t, found)
			require.EqualValues(t, 1, report.Moving)
			require.Zero(t, report.Drifted)
		})
	}
}

func TestWhatMovesBeforeTheRepairIsLeftToTheSync(t *testing.T) {
	t.Parallel()
	b := setupCompare(t, func(o *connector.Options) { o.Settle = time.Hour })
	s, object := b.synced()
	b.remote.Edit(object.ID, record.Patch{"name": "Eve"}) // whose notification is late
	job := b.begin(admin.ReconcileRequest{Repair: "catalog"})
	stop := b.start(b.engine)
	require.Eventually(t, func() bool {
		now, err := jobs.Get(t.Context(), b.db, job.ID)
		require.NoError(t, err)
		return strings.Contains(now.Error, "waits for notifications")
	}, 20*time.Second, time.Millisecond)
	stop()
	b.webhooks()
	b.work()
	require.NoError(t, b.db.Exec(`UPDATE jobs SET due_at = now()`).Error)

	job = b.finish(job.ID)

	require.EqualValues(t, 1, job.Reconcile.Moving)
	require.Zero(t, job.Reconcile.Repaired)
	require.Equal(t, "moving", b.findings(job.ID)[0].Outcome)
	require.Equal(t, "Eve", b.object(s.ID).Fields["name"])
}

func TestAPlanRepairsExactlyWhatItFoundUnlessThatMovedSince(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	stays, one := b.synced()
	moves, two := b.synced()
	later, three := b.synced()
	b.silently(func() {
		b.remote.Edit(one.ID, record.Patch{"name": "Eve"})
		b.remote.Edit(two.ID, record.Patch{"name": "Eve"})
	})
	plan := b.reconcile(admin.ReconcileRequest{})
	b.silently(func() { b.remote.Edit(three.ID, record.Patch{"name": "Eve"}) })
	moves = next(moves, record.Patch{"phone": "1"})
	b.deliver(moves)
	b.work()
	b.spy.pages = 0

	report, found := b.reported(admin.ReconcileRequest{Plan: plan.ID, Repair: "catalog"})

	require.Zero(t, b.spy.pages, "nothing is listed again")
	require.EqualValues(t, 1, report.Repaired)
	require.EqualValues(t, 1, report.Refused)
	outcomes := map[string]string{}
	for _, f := range found {
		outcomes[f.RecordID] = f.Outcome
	}
	require.Equal(t, map[string]string{stays.ID: "repaired", moves.ID: "refused"}, outcomes)
	require.Equal(t, "Ada", b.object(stays.ID).Fields["name"])
	require.Equal(t, "Eve", b.object(later.ID).Fields["name"])
	require.Equal(t, "reported", b.findings(plan.ID)[0].Outcome, "the plan stays as it was")
}

func TestOrphansAreReportedOnBothSides(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	s, object := b.synced()
	var stranger string
	b.silently(func() {
		b.remote.Remove(object.ID)
		stranger = b.remote.Add(record.Fields{"name": "Stranger"})
	})
	report, found := b.reported(admin.ReconcileRequest{Repair: "policy"})
	require.EqualValues(t, 1, report.OnlyRemote)
	require.EqualValues(t, 1, report.OnlyLocal)
	require.ElementsMatch(t, []admin.Finding{
		{Kind: "only_remote", RemoteID: stranger, Outcome: "reported"},
		{Kind: "only_local", RecordID: s.ID, RemoteID: object.ID, Outcome: "reported"},
	}, found)
	require.Equal(t, 1, b.spy.gets, "an object that the listing did not show was asked for")
	changes, _ := b.sent()
	require.Empty(t, changes, "a missing object deletes nothing")
}

func TestOrphansAreCreatedOnTheOtherSideWhenAskedFor(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	s, object := b.synced()
	offered := customer("Offered")
	offered.Offer = true
	b.deliver(offered)
	var stranger string
	b.silently(func() {
		b.remote.Remove(object.ID)
		stranger = b.remote.Add(record.Fields{"name": "Stranger"})
	})

	report, _ := b.reported(admin.ReconcileRequest{Repair: "policy", Orphans: "create"})

	require.EqualValues(t, 3, report.Repaired)
	b.work()
	require.Equal(t, "Ada", b.object(s.ID).Fields["name"])
	require.NotEqual(t, object.ID, b.object(s.ID).ID)
	require.Equal(t, "Offered", b.object(offered.ID).Fields["name"])
	changes, _ := b.sent()
	require.Len(t, changes, 1)
	require.Equal(t, connector.AdoptedID("stripe", stranger), changes[0].ID)
	require.Equal(t, "Stranger", changes[0].Fields["name"].Value)
}

func TestAnObjectThatTheListingDoesNotShowIsNotCalledMissing(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	b.synced()
	_, object := b.synced()
	b.spy.hidden = object.ID
	report, found := b.reported(admin.ReconcileRequest{Repair: "policy", Orphans: "create"})
	require.Empty(t, found)
	require.EqualValues(t, 2, report.Equal)
	require.Equal(t, 1, b.spy.gets)
}

func TestARecordWhoseObjectIsGoneButForACopy(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	s, object := b.synced()
	copied, err := b.remote.Create(t.Context(), connector.Call{Key: "copied", LocalID: s.ID, Version: 1}, object.Fields)
	require.NoError(t, err)
	b.silently(func() { b.remote.Remove(object.ID) })
	_, found := b.reported(admin.ReconcileRequest{})
	require.ElementsMatch(t, []admin.Finding{
		{Kind: "duplicate", RecordID: s.ID, RemoteID: copied.ID, Outcome: "reported"},
		{Kind: "only_local", RecordID: s.ID, RemoteID: object.ID, Outcome: "reported"},
	}, found)
}

func TestALinkThatLostItsObjectIsNotGivenASecondOne(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	s, object := b.synced()
	require.NoError(t, b.db.Exec(`UPDATE links SET remote_id = NULL`).Error)
	b.reported(admin.ReconcileRequest{Repair: "policy", Orphans: "create"})
	require.Len(t, b.remote.Objects(), 1, "there is one with its mark")

	report, _ := b.reported(admin.ReconcileRequest{Repair: "policy", Adopt: "mark"})

	require.EqualValues(t, 1, report.Adopted)
	require.Equal(t, object.ID, b.object(s.ID).ID)
}

func TestMarksOfOthers(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	s, object := b.synced()
	foreign := connector.Call{Key: "other", LocalID: uuid.NewString(), Version: 1}
	_, err := b.remote.Create(t.Context(), foreign, record.Fields{"name": "Another installation's"})
	require.NoError(t, err)
	copied, err := b.remote.Create(t.Context(), connector.Call{Key: "copied", LocalID: s.ID, Version: 1}, object.Fields)
	require.NoError(t, err)

	report, found := b.reported(admin.ReconcileRequest{Adopt: "mark", Repair: "policy"})

	require.EqualValues(t, 1, report.OnlyRemote)
	require.EqualValues(t, 1, report.Duplicates)
	require.Zero(t, report.Adopted)
	require.Contains(t, found, admin.Finding{Kind: "duplicate", RecordID: s.ID, RemoteID: copied.ID, Outcome: "reported"})
	require.Len(t, b.remote.Objects(), 3)
}

func TestADetachedObjectIsNoOrphan(t *testing.T) {
	t.Parallel()
	b := setupCompare(t, func(o *connector.Options) { o.DeletePolicy = connector.DeleteDetach })
	s, _ := b.synced()
	b.deliver(deleted(s))
	b.work()
	report, found := b.reported(admin.ReconcileRequest{Repair: "policy", Orphans: "create"})
	require.Empty(t, found)
	require.Zero(t, report.OnlyRemote+report.OnlyLocal)
}

func TestAParkedRecordIsComparedAndTriedAgain(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	s, _ := b.synced()
	b.faults(connectortest.FaultRefused)
	b.deliver(next(s, record.Patch{"name": "Bea"}))
	b.work()
	report, _ := b.reported(admin.ReconcileRequest{Repair: "catalog"})
	require.EqualValues(t, 1, report.Repaired)
	require.Equal(t, "Bea", b.object(s.ID).Fields["name"])
}

func TestOnlySomeRecords(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	one, object := b.synced()
	two, other := b.synced()
	b.silently(func() {
		b.remote.Edit(object.ID, record.Patch{"name": "Eve"})
		b.remote.Edit(other.ID, record.Patch{"name": "Eve"})
	})
	job := b.reconcile(admin.ReconcileRequest{Only: []string{one.ID, uuid.NewString()}, Repair: "catalog"})
	require.EqualValues(t, 1, job.Reconcile.Repaired)
	require.EqualValues(t, 1, job.Counts["unknown"])
	require.Zero(t, b.spy.pages)
	require.Equal(t, "Ada", b.object(one.ID).Fields["name"])
	require.Equal(t, "Eve", b.object(two.ID).Fields["name"])
}

func TestARunThatIsInterruptedSaysWhatItDidNotReach(t *testing.T) {
	t.Parallel()
	refused := &connector.Error{Class: connector.Permanent, Reason: "the listing is refused"}
	down := &connector.Error{Class: connector.Transient, Reason: "the remote is down"}
	for name, c := range map[string]struct {
		fails error
		state string
		says  string
	}{
		"refused":      {refused, jobs.Failed, "after 1 pages, not reached: the rest of the listing, objects that are missing at the remote, and repairs (the listing is refused)"},
		"down":         {down, jobs.Failed, "(the remote is down)"},
		"unclassified": {errors.New("reset"), jobs.Failed, "(the remote did not answer)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupCompare(t)
			for range 5 {
				b.synced()
			}
			b.spy.before = func(page int) error {
				if page == 1 {
					return nil
				}
				return c.fails
			}
			job := b.reconcile(admin.ReconcileRequest{})
			require.Equal(t, c.state, job.State)
			require.Contains(t, job.Reconcile.Unreached, c.says)
			require.EqualValues(t, 1, job.Reconcile.Pages)
			require.EqualValues(t, 2, job.Reconcile.Compared)
		})
	}
}

func TestACancelledRunSaysWhatItDidNotReach(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	b.spy.rate = 0.001
	for range 5 {
		b.synced()
	}
	job := b.begin(admin.ReconcileRequest{})
	stop := b.start(b.engine)
	defer stop()
	require.Eventually(t, func() bool {
		now, err := jobs.Get(t.Context(), b.db, job.ID)
		require.NoError(t, err)
		return now.Reconcile != nil && now.Reconcile.Pages == 1
	}, 20*time.Second, time.Millisecond)
	_, err := jobs.Cancel(t.Context(), b.db, job.ID)
	require.NoError(t, err)
	stop()
	job = b.finish(job.ID)
	require.Equal(t, jobs.Cancelled, job.State)
	require.Contains(t, job.Reconcile.Unreached, "after 1 pages")
}

func TestARunGoesOnAfterFailuresAndCountsNothingTwice(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	for range 5 {
		_, object := b.synced()
		b.silently(func() { b.remote.Edit(object.ID, record.Patch{"name": "Eve"}) })
	}
	b.spy.before = func(page int) error {
		if page%2 == 0 {
			return &connector.Error{Class: connector.Throttled, After: time.Millisecond, Reason: "too many requests"}
		}
		return nil
	}
	report, found := b.reported(admin.ReconcileRequest{})
	require.EqualValues(t, 3, report.Pages)
	require.EqualValues(t, 5, report.Compared)
	require.EqualValues(t, 5, report.Drifted)
	require.Len(t, found, 5)
}

func TestAnotherReplicaGoesOnWithTheListing(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	for range 6 {
		b.synced()
	}
	job := b.begin(admin.ReconcileRequest{})
	reached, released := make(chan struct{}), make(chan struct{})
	b.spy.after = func(page int) {
		if page == 2 {
			close(reached)
			<-released
		}
	}
	stop := b.start(b.engine)
	<-reached
	b.cancel() // this replica stops in the middle
	close(released)
	stop()
	b.spy.after = nil

	job = b.finish(job.ID)

	require.EqualValues(t, 6, job.Reconcile.Equal)
	require.EqualValues(t, 3, job.Reconcile.Pages)
	require.LessOrEqual(t, b.spy.pages, 4, "at most the page that was under way is read again")
}

func TestARunLeavesRoomForOthers(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	b.spy.rate = 400 // a quarter: 100 a second
	for range 10 {
		b.synced()
	}
	began := time.Now()
	b.reported(admin.ReconcileRequest{})
	require.GreaterOrEqual(t, time.Since(began), 40*time.Millisecond, "five pages")
}

func TestBadRequestsAreRefused(t *testing.T) {
	t.Parallel()
	b := setupCompare(t)
	unfinished := b.begin(admin.ReconcileRequest{})
	for pointer, asked := range map[string]admin.ReconcileRequest{
		"repair":       {Repair: "both"},
		"adopt":        {Adopt: "name"},
		"orphans":      {Orphans: "create"},
		"external_key": {Adopt: "external_id"},
		"rate":         {Rate: -1},
		"only":         {Only: []string{"cus_1"}},
		"plan":         {Plan: unfinished.ID, Repair: "catalog"},
	} {
		_, err := b.engine.StartReconcile(b.db.WithContext(t.Context()), asked, "operator")
		var refused *connector.RequestError
		require.ErrorAs(t, err, &refused, pointer)
		require.Equal(t, pointer, refused.Field)
	}
	_, err := b.engine.StartReconcile(b.db.WithContext(t.Context()), admin.ReconcileRequest{}, "operator")
	require.ErrorIs(t, err, jobs.ErrBusy)
}
