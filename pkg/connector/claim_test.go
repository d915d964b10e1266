package connector_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
)

// leased reports whether a worker has taken the record.
func (b *bundle) leased(id string) (yes bool) {
	b.t.Helper()
	require.NoError(b.t, b.db.Raw(`SELECT lease_owner <> '' FROM links WHERE local_id = ?`, id).Scan(&yes).Error)
	return yes
}

func TestAnEventThatFindsWorkersIdleTakesItsRecordAlong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	remote := b.gated(100)
	stop := b.running(b.engine.Run)
	b.eventually(func() bool { // now and then the loop is claiming, and does it
		s := customer("Ada")
		b.deliver(s)
		return b.leased(s.ID)
	})
	close(remote.open)
	b.eventually(func() bool { return !b.due() })
	stop()
	s := customer("Grace")
	b.deliver(s)
	require.False(t, b.leased(s.ID), "nobody would work on it")
	require.True(t, b.due())
}

func TestAnEventTakesNothingAlongThatIsNotToBeWorkedOnNow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.running(b.engine.Run)
	paused := customer("paused")
	b.deliver(paused)
	b.eventually(func() bool { return b.remote.Created() == 1 && !b.due() })
	require.NoError(t, b.transact(func(tx *gorm.DB) error { return b.engine.Pause(tx, paused.ID) }))
	offered := bulk("offered")
	offered.Offer = true
	writes := b.remote.Writes()
	for range 20 {
		paused = next(paused, map[string]string{"name": "paused still"})
		b.deliver(paused, offered)
		require.False(t, b.leased(paused.ID))
		require.False(t, b.leased(offered.ID))
	}
	require.Equal(t, writes, b.remote.Writes())
	require.Zero(t, b.link(paused.ID).Attempts)
}

// Claims of the loop and of events never hold more records than there is room for.
func TestEventsAndTheLoopDoNotClaimMoreThanThereIsRoomFor(t *testing.T) {
	t.Parallel()
	b := setup(t)
	remote := b.gated(2)
	b.running(b.engine.Run)
	for range 30 {
		b.deliver(customer("Ada"))
		var leased int
		require.NoError(t, b.db.Raw(`SELECT count(*) FROM links WHERE lease_owner <> ''`).Scan(&leased).Error)
		require.LessOrEqual(t, leased, 4)
	}
	close(remote.open)
	b.eventually(func() bool { return b.remote.Created() == 30 && !b.due() })
}
