package connector_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/record"
)

// late is a record whose second version lands at the remote after its third one, when nobody doubts it any more.
func late(t *testing.T) (*bundle, event.Snapshot) {
	t.Helper()
	b := setup(t)
	s, _ := b.synced()
	b.faults(connectortest.FaultBurntLate, connectortest.FaultBurntBefore)
	s = next(s, record.Patch{"name": "second"})
	b.deliver(s)
	b.turn()
	s = next(s, record.Patch{"name": "third"})
	b.deliver(s)
	b.work()
	b.webhooks()
	b.work()
	b.sent()
	require.Equal(t, "third", b.object(s.ID).Fields["name"])
	b.remote.LandLate()
	require.Equal(t, "second", b.object(s.ID).Fields["name"])
	return b, s
}

func TestAnUpdateThatLandsLongAfterANewerOneIsHealed(t *testing.T) {
	t.Parallel()
	for name, told := range map[string]bool{"when its notification arrives": true, "by any look, since the mark tells an older version": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, s := late(t)
			if told {
				b.webhooks()
			} else {
				require.NoError(t, b.transact(func(tx *gorm.DB) error { return b.engine.Pull(tx, s.ID) }))
			}
			b.work()
			require.Equal(t, "third", b.object(s.ID).Fields["name"])
			b.webhooks()
			b.work()
			changes, _ := b.sent()
			require.Empty(t, changes, "nobody edited anything")
			require.Equal(t, "third", b.object(s.ID).Fields["name"])
		})
	}
}

func TestAnEditByAPersonBesideALateUpdateIsTold(t *testing.T) {
	t.Parallel()
	b, s := late(t)
	b.remote.Edit(b.object(s.ID).ID, record.Patch{"phone": "1"})
	b.webhooks()
	b.work()
	require.Equal(t, record.Fields{"name": "third", "phone": "1"}, b.object(s.ID).Fields)
	changes, _ := b.sent()
	require.Equal(t, map[string]string{"phone": "1@3"}, values(changes[len(changes)-1]))
}

func TestALateUpdateOfTheSameVersionIsNoEditByAPerson(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, object := b.synced()
	b.faults(connectortest.FaultBurntLate)
	s = next(s, record.Patch{"name": "ours"})
	b.deliver(s)
	b.work()
	b.remote.Edit(object.ID, record.Patch{"name": "theirs"})
	b.webhooks()
	b.work()
	changes, _ := b.sent()
	s = next(s, record.Patch{"name": "theirs"})
	s.Seen = map[string]int64{"stripe": changes[len(changes)-1].Seq}
	b.deliver(s)
	b.work()
	b.remote.LandLate()
	b.webhooks()
	b.work()
	changes, _ = b.sent()
	for _, change := range changes {
		require.Equal(t, "theirs", change.Fields["name"].Value)
	}
}

func TestTheBaseOfAnEditIsNotOverstatedAfterARefusedPush(t *testing.T) {
	t.Parallel()
	b, remote := setupRefusing(t)
	s, object := b.synced()
	b.remote.Edit(object.ID, record.Patch{"phone": "1"})
	b.webhooks()
	b.work()
	changes, _ := b.sent()
	s = next(s, record.Patch{"phone": "catalog's", "name": "Eve"}) // has not heard of phone 1: only the name is pushed
	b.deliver(s)
	b.work()
	s = next(s, nil) // has heard of it, and keeps its own
	s.Seen = map[string]int64{"stripe": changes[0].Seq}
	remote.fail(&connector.Error{Class: connector.Permanent, Field: "phone", Reason: "not a phone number"})
	b.deliver(s)
	b.work()
	b.remote.Edit(object.ID, record.Patch{"phone": "2"})
	b.webhooks()
	b.work()
	changes, _ = b.sent()
	require.Equal(t, map[string]string{"phone": "2@1"}, values(changes[len(changes)-1]), "the remote has never held the catalog's phone")
}

func TestTwoRecordsOfOneObjectAreToldApartByAPerson(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s := customer("Ada")
	b.faults(connectortest.FaultBurntAfter)
	b.deliver(s)
	b.turn()
	made := b.remote.Objects()[0]
	n := b.notices[0]
	n.LocalID, n.Key = "", "" // somebody has removed our mark and keys: the object looks like one made by a person
	require.NoError(t, b.engine.Notify(t.Context(), n))
	b.work()
	_, states := b.sent()
	var failure *event.SyncError
	for _, state := range states {
		if state.ID == s.ID && state.Error != nil && state.State == event.StateFailed {
			failure = state.Error
		}
	}
	require.NotNil(t, failure, "parked, not tried for ever")
	require.Contains(t, failure.Reason, made.ID)
	require.Contains(t, failure.Reason, connector.AdoptedID("stripe", made.ID))
	require.False(t, b.due())
	require.Equal(t, 1, b.remote.Created())

	require.NoError(t, b.transact(func(tx *gorm.DB) error { return b.engine.Unlink(tx, connector.AdoptedID("stripe", made.ID)) }))
	require.NoError(t, b.transact(func(tx *gorm.DB) error { return b.engine.Retry(tx, s.ID) }))
	b.work()
	require.Equal(t, s.Fields, b.object(s.ID).Fields)
	require.Equal(t, 1, b.remote.Created())
}

func TestALateUpdateThatWasTakenForAnEditIsTakenBackWhenItsNotificationArrives(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, object := b.synced()
	b.faults(connectortest.FaultBurntLate)
	s = next(s, record.Patch{"name": "ours"})
	b.deliver(s)
	b.turn()
	b.remote.Edit(object.ID, record.Patch{"name": "theirs"})
	b.webhooks()
	b.work()
	b.remote.LandLate()
	s = next(s, record.Patch{"phone": "1"}) // its answer shows our old name, under a newer mark
	b.deliver(s)
	b.work()
	changes, _ := b.sent()
	mistaken := changes[len(changes)-1]
	require.Equal(t, "ours", mistaken.Fields["name"].Value, "nothing tells it from an edit yet")
	b.webhooks()
	b.work()
	changes, _ = b.sent()
	require.NotEmpty(t, changes)
	name := changes[len(changes)-1].Fields["name"]
	require.Equal(t, "theirs", name.Value)
	require.GreaterOrEqual(t, name.Place(), mistaken.Fields["name"].Place(), "the catalog must not take it for the older one")
}

func TestOfTwoValuesThatWereOverwrittenTheOneUnderTheLateUpdateIsTheNewer(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		newer func(b *bundle, s event.Snapshot) // what happens to the first value before the second one is written
	}{
		"the first was overwritten by a newer update": {func(b *bundle, s event.Snapshot) {
			b.deliver(next(s, record.Patch{"name": "newer"}))
			b.turn()
		}},
		"the first was seen and told": {func(b *bundle, _ event.Snapshot) {
			b.webhooks()
			b.work()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			s, object := b.synced()
			b.faults(connectortest.FaultBurntLate)
			s = next(s, record.Patch{"name": "late"})
			b.deliver(s)
			b.turn()
			b.turn() // the look after which nobody doubts any more that it has failed
			b.remote.Edit(object.ID, record.Patch{"name": "first"})
			tc.newer(b, s)
			b.remote.Edit(object.ID, record.Patch{"name": "second"})
			b.remote.LandLate()
			b.webhooks()
			b.work()
			changes, _ := b.sent()
			require.Equal(t, "second", changes[len(changes)-1].Fields["name"].Value)
		})
	}
}
