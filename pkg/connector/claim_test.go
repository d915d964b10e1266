package connector_test

import (
	"context"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/record"
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

// The turn begins in the transaction that stores the event. What is wrong with the one is not to keep the other out.
func TestAnEventIsStoredAlsoWhenTheTurnThatItBeginsCannotBeWritten(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.running(b.engine.Run)
	require.NoError(t, b.db.Exec(`
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
		CREATE TRIGGER refuse BEFORE UPDATE OF intent ON links FOR EACH ROW EXECUTE FUNCTION refuse()`).Error)
	s := customer("Ada")
	for range 10 { // now and then the loop is claiming, and the event begins nothing
		b.deliver(s)
		require.Equal(t, s.Version, b.link(s.ID).DesiredVersion)
		s = next(s, map[string]string{"name": "Ada again"})
	}
	require.Zero(t, b.remote.Writes())
	require.NoError(t, b.db.Exec(`DROP TRIGGER refuse ON links`).Error)
	b.deliver(s)
	require.NoError(t, b.db.Exec(`UPDATE links SET due_at = now() WHERE due_at IS NOT NULL`).Error) // its lease, if it has one
	b.eventually(func() bool { return b.remote.Created() == 1 && !b.due() })
	require.Equal(t, s.Version, b.link(s.ID).Version)
}

// curtain is a remote at which nobody can look until it is opened.
type curtain struct {
	*connectortest.Memory
	open chan struct{}
}

func (c *curtain) Get(ctx context.Context, id string) (connector.Object, error) {
	select {
	case <-c.open:
	case <-ctx.Done():
	}
	return c.Memory.Get(ctx, id)
}

func TestANoticeThatFindsWorkersIdleTakesItsRecordAlong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, object := b.synced()
	remote := &curtain{b.remote, make(chan struct{})}
	b.engine = b.newEngine(func(o *connector.Options) { o.Remote, o.Workers = remote, 100 })
	b.running(b.engine.Run)
	b.eventually(func() bool { return len(b.instances()) > 0 })
	taken := 0
	for phone := range 20 {
		b.remote.Edit(object.ID, record.Patch{"phone": strconv.Itoa(phone)})
		b.webhooks()
		if b.leased(s.ID) { // else the loop was claiming just then, and takes it later
			taken++
		}
		remote.open <- struct{}{}
		b.eventually(func() bool { return !b.due() })
	}
	require.Greater(t, taken, 10)
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
