package connector_test

import (
	"context"
	"strconv"
	"sync"
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

// takesAlong waits for an event that takes its record along: now and then the loop is claiming, and does it.
func (b *bundle) takesAlong() {
	b.t.Helper()
	b.eventually(func() bool {
		s := customer("Ada")
		b.deliver(s)
		return b.leased(s.ID)
	})
}

func TestAnEventThatFindsWorkersIdleTakesItsRecordAlong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	remote := newGate(b)
	one := func(o *connector.Options) { o.Remote, o.Workers, o.Instance = remote, 100, "one" }
	b.engine = b.newEngine(one)
	stop := b.running(b.engine.Run)
	b.takesAlong()
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
	remote := newGate(b)
	one := func(o *connector.Options) { o.Remote, o.Workers, o.Instance = remote, 100, "one" }
	b.engine = b.newEngine(one)
	stop := b.running(b.engine.Run)
	b.takesAlong() // from here on, most events begin turns
	close(remote.open)
	b.eventually(func() bool { return !b.due() })
	created := b.remote.Created()
	require.NoError(t, b.db.Exec(`
		CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;
		CREATE TRIGGER refuse BEFORE UPDATE OF intent ON links FOR EACH ROW EXECUTE FUNCTION refuse()`).Error)
	for range 20 {
		s := customer("Grace")
		b.deliver(s)
		require.Equal(t, s.Version, b.link(s.ID).DesiredVersion)
	}
	require.Equal(t, created, b.remote.Created())
	require.NoError(t, b.db.Exec(`DROP TRIGGER refuse ON links`).Error)
	stop()
	b.engine = b.newEngine(one)
	b.running(b.engine.Run) // ends the leases of turns that failed
	b.eventually(func() bool { return b.remote.Created() == created+20 && !b.due() })
}

// thinker is a remote whose part in a decision takes as long as it is told to.
type thinker struct {
	*connectortest.Memory
	thinks chan struct{}
	done   chan struct{}
}

func (r *thinker) Complete(patch record.Patch, _ record.Fields) record.Patch {
	select {
	case r.thinks <- struct{}{}:
		<-r.done
	case <-r.done: // for good
	}
	return patch
}

// A program that is frozen, or cut off, between the halves of the transaction that it begins a turn in would hold the
// record's row for good.
func TestTheServerEndsTheTransactionThatATurnWasBegunInWhenNobodyElseDoes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, _ := b.synced()
	remote := &thinker{b.remote, make(chan struct{}), make(chan struct{})}
	b.engine = b.newEngine(func(o *connector.Options) { o.Remote = remote })
	b.running(b.engine.Run)
	var delivered sync.WaitGroup
	locked := func() bool {
		return b.db.Exec(`SELECT FROM links WHERE local_id = ? FOR UPDATE NOWAIT`, s.ID).Error != nil
	}
	for begun := false; !begun; { // until it is the event that claims, and not the loop
		s = next(s, record.Patch{"name": s.Fields["name"] + "."})
		delivered.Go(func() { b.deliver(s) })
		<-remote.thinks
		if begun = locked(); !begun {
			remote.done <- struct{}{}
			delivered.Wait()
			b.eventually(func() bool { return !b.due() })
		}
	}
	b.eventually(func() bool { return !locked() })
	close(remote.done)
	delivered.Wait()
	require.Equal(t, s.Version, b.link(s.ID).DesiredVersion, "stored all the same")
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
