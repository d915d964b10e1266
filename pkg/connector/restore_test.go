package connector_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/record"
)

// restored is a record after a delete and a restore in the catalog.
func restored(s event.Snapshot) event.Snapshot {
	s = next(deleted(s), nil)
	s.Deleted, s.Generation = false, s.Generation+1
	return s
}

func TestARestoreBeatsADeleteAtTheRemoteThatNobodyHadHeardOf(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]record.Patch{"with something to push": {"name": "again"}, "with nothing to push": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			s, old := b.synced()
			b.remote.Remove(old.ID)
			again := restored(next(s, change))
			b.deliver(again)
			b.work()
			b.webhooks()
			b.work()
			object := b.object(s.ID)
			require.NotEqual(t, old.ID, object.ID)
			require.Equal(t, again.Fields, object.Fields)
			changes, _ := b.sent()
			for _, c := range changes {
				require.False(t, c.Deleted && c.Generation == again.Generation, "it would delete what was just restored")
			}
		})
	}
}

func TestARestoreTakesADetachedObjectUpAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *connector.Options) { o.DeletePolicy = connector.DeleteDetach })
	s, object := b.synced()
	b.deliver(deleted(s))
	b.work()
	b.remote.Edit(object.ID, record.Patch{"phone": "1"}) // while it was nobody's business
	b.webhooks()
	b.work()
	again := restored(s)
	b.deliver(next(again, record.Patch{"name": "again"}))
	b.work()
	require.Equal(t, record.Fields{"name": "again", "phone": "1"}, b.object(s.ID).Fields, "one object, the old one")
	changes, states := b.sent()
	last := changes[len(changes)-1]
	require.EqualValues(t, 2, last.Generation)
	require.Contains(t, last.Fields, "phone")
	require.Equal(t, event.StateSynced, states[len(states)-1].State)
}

func TestARestoreMakesADetachedObjectAnewThatIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *connector.Options) { o.DeletePolicy = connector.DeleteDetach })
	s, old := b.synced()
	b.deliver(deleted(s))
	b.work()
	b.remote.Remove(old.ID)
	b.webhooks()
	b.deliver(restored(s))
	b.work()
	require.NotEqual(t, old.ID, b.object(s.ID).ID)
}
