package connector_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/record"
)

// ready is how many records have a committed intent: all that is left to do is the call.
func (b *bundle) ready() (n int) {
	b.t.Helper()
	require.NoError(b.t, b.db.Raw(`SELECT count(*) FROM links WHERE intent IS NOT NULL`).Scan(&n).Error)
	return n
}

func TestTheNextRecordIsMadeReadyWhileTheWorkersAreBusy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	remote := b.gated(2)
	for range 6 {
		b.deliver(customer("Ada"))
	}
	b.running(b.engine.Run)
	b.eventually(func() bool { return b.ready() == 4 })
	require.Equal(t, 2, remote.holds(), "a worker makes one call at a time")
	require.Len(t, b.instances()[0].InFlight, 2)
	close(remote.open)
	b.eventually(func() bool { return b.remote.Created() == 6 && !b.due() })
	require.Zero(t, b.ready())
}

func TestBulkRecordsThatAreReadyLeaveAWorkerToLiveOnes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	remote := b.gated(2)
	for range 6 {
		b.deliver(bulk("many"))
	}
	b.running(b.engine.Run)
	b.eventually(func() bool { return b.ready() == 2 })
	require.Equal(t, 1, remote.holds())
	b.deliver(customer("Ada"))
	b.eventually(func() bool { return remote.holds() == 2 })
	close(remote.open)
	b.eventually(func() bool { return b.remote.Created() == 7 && !b.due() })
}

func TestAStopWaitsForNoRecordThatHasNoWorkerYet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	remote := newGate(b)
	b.engine = b.newEngine(func(o *connector.Options) { o.Remote, o.Workers, o.DrainTimeout = remote, 1, 50*time.Millisecond })
	first, second := customer("Ada"), customer("Grace")
	b.deliver(first, second)
	stop := b.running(b.engine.Run)
	b.eventually(func() bool { return b.ready() == 2 })
	stop()
	require.Zero(t, b.remote.Created())
	for _, id := range []string{first.ID, second.ID} {
		require.Zero(t, b.link(id).Attempts, "nobody's fault")
		require.False(t, b.link(id).DueAt.After(time.Now().Add(time.Second)), "another replica need not wait for the lease")
	}
	b.engine = b.newEngine()
	b.work()
	require.Equal(t, 2, b.remote.Created())
}

// down holds every create until the gate is opened, and then fails it.
type down struct {
	*gate
	calls atomic.Int64
}

func (d *down) Create(ctx context.Context, _ connector.Call, _ record.Fields) (connector.Object, error) {
	d.calls.Add(1)
	d.wait(1)
	defer d.wait(-1)
	select {
	case <-d.open:
	case <-ctx.Done():
	}
	return connector.Object{}, &connector.Error{Class: connector.Transient, Reason: "nobody answers"}
}

func TestRecordsThatWaitForAWorkerWhenTheRemoteGoesDownArePutBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	remote := &down{gate: newGate(b)}
	b.engine = b.newEngine(func(o *connector.Options) { o.Remote, o.Workers, o.Probe = remote, 10, 10*time.Minute })
	var ids []string
	for range 20 {
		s := customer("Ada")
		ids = append(ids, s.ID)
		b.deliver(s)
	}
	b.running(b.engine.Run)
	b.eventually(func() bool { return b.ready() == 20 })
	close(remote.open)
	b.eventually(func() bool { return b.engine.Breaker().Open && len(b.instances()[0].InFlight) == 0 })
	b.eventually(func() bool {
		untried := int64(0)
		for _, id := range ids {
			if l := b.link(id); l.Attempts == 0 && !l.DueAt.After(time.Now()) {
				untried++
			}
		}
		return untried == 20-remote.calls.Load() // and due: another replica may reach the remote
	})
	require.Less(t, remote.calls.Load(), int64(10+5), "five failures tell that it is down")
}
