package connector_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/record"
)

// gate holds every create until it is opened, and counts those that wait.
type gate struct {
	*connectortest.Memory
	mu      sync.Mutex
	waiting int
	rate    float64
	open    chan struct{}
}

func newGate(b *bundle) *gate { return &gate{Memory: b.remote, open: make(chan struct{})} }

// gated gives the bundle an engine with so many workers, before a gate.
func (b *bundle) gated(workers int) *gate {
	remote := newGate(b)
	b.engine = b.newEngine(func(o *connector.Options) { o.Remote, o.Workers = remote, workers })
	return remote
}

func (g *gate) Create(ctx context.Context, call connector.Call, fields record.Fields) (connector.Object, error) {
	g.wait(1)
	defer g.wait(-1)
	select {
	case <-g.open:
	case <-ctx.Done():
		return connector.Object{}, ctx.Err()
	}
	return g.Memory.Create(ctx, call, fields)
}

func (g *gate) wait(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting += n
}

func (g *gate) holds() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting
}

// SetRate implements connector.Limited.
func (g *gate) SetRate(perSecond float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rate = perSecond
}

// Rate implements connector.Limited.
func (g *gate) Rate() float64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.rate
}

func (b *bundle) instances() []admin.Instance {
	b.t.Helper()
	instances, err := b.engine.Instances(b.t.Context())
	require.NoError(b.t, err)
	return instances
}

func (b *bundle) control() admin.Control {
	b.t.Helper()
	c, err := b.engine.Control(b.t.Context())
	require.NoError(b.t, err)
	return c
}

func TestWorkersAreScaledWithoutARestart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	remote := newGate(b)
	b.engine = b.newEngine(func(o *connector.Options) {
		o.Remote, o.Workers, o.Heartbeat, o.Instance = remote, 2, 20*time.Millisecond, "here"
	})
	other := b.newEngine(func(o *connector.Options) {
		o.Remote, o.Workers, o.Heartbeat, o.Instance = remote, 2, 20*time.Millisecond, "there"
	})
	for range 30 {
		b.deliver(customer("Ada"))
	}
	stop := b.running(b.engine.Run)
	b.running(other.Run)
	b.eventually(func() bool { return remote.holds() == 4 })
	workers, rate := 6, 12.5
	b.operate(func(c *admin.Control) { c.Workers, c.Rate = &workers, &rate })
	b.eventually(func() bool { return remote.holds() == 12 && remote.Rate() == 12.5 })
	b.eventually(func() bool { c := b.control(); return c.Replicas == 2 && c.Applied == 2 })
	require.Len(t, b.instances(), 2)
	mine := b.instances()[0]
	require.Equal(t, "here", mine.Name)
	require.Len(t, mine.InFlight, 6)
	require.Equal(t, "create", mine.InFlight[0].Op)
	require.Positive(t, mine.InFlight[0].ElapsedSeconds)
	require.Equal(t, 6, mine.InFlight[5].Worker)
	workers = 1
	b.operate(func(c *admin.Control) { c.Workers, c.Rate = &workers, nil })
	b.eventually(func() bool { return remote.Rate() == 0 })
	close(remote.open)
	b.eventually(func() bool { return len(b.remote.Objects()) == 30 && !b.due() })
	stop()
	require.Len(t, b.instances(), 1, "a replica that stops takes its leave")
}

func TestAPauseIsAppliedWhenNoCallThatItForbidsIsUnderWayAnyMore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	remote := newGate(b)
	b.engine = b.newEngine(func(o *connector.Options) { o.Remote, o.Heartbeat = remote, 20*time.Millisecond })
	b.deliver(customer("Ada"))
	b.running(b.engine.Run)
	b.eventually(func() bool { return remote.holds() == 1 })
	b.operate(func(c *admin.Control) { c.Outbound = false })
	require.Zero(t, b.control().Applied)
	close(remote.open)
	b.eventually(func() bool { return b.control().Applied == 1 })
	b.deliver(customer("Grace"))
	b.eventually(func() bool { return !b.due() })
	require.Equal(t, 1, b.remote.Created())
	b.operate(func(c *admin.Control) { c.Outbound = true })
	b.eventually(func() bool { return b.remote.Created() == 2 })
}

// What waits because of a pause is not in sync, whoever asked for the pause.
func TestWhatAPauseHoldsBackIsPending(t *testing.T) {
	t.Parallel()
	b := setup(t)
	pending := func() int64 {
		state, err := b.engine.State(t.Context())
		require.NoError(t, err)
		return state.Records.Pending
	}
	s, object := b.synced()
	require.Zero(t, pending())
	b.operate(func(c *admin.Control) { c.Outbound, c.Inbound = false, false })
	s = next(s, record.Patch{"phone": "1"})
	b.deliver(s)
	b.work()
	require.EqualValues(t, 1, pending(), "outbound")
	b.operate(func(c *admin.Control) { c.Outbound = true })
	b.work()
	b.sent()
	b.remote.Edit(object.ID, record.Patch{"name": "Eve"})
	b.webhooks()
	b.work()
	require.EqualValues(t, 1, pending(), "inbound")
	b.operate(func(c *admin.Control) { c.Inbound = true })
	b.work()
	require.Zero(t, pending())
	require.NoError(t, b.transact(func(tx *gorm.DB) error { return b.engine.Pause(tx, s.ID) }))
	b.deliver(next(s, record.Patch{"phone": "2"}))
	require.EqualValues(t, 1, pending(), "one record")
}

func TestADrainedReplicaTakesNothingNewAlsoAfterARestart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.operate(func(c *admin.Control) { c.Drain = true })
	b.engine = b.newEngine(func(o *connector.Options) { o.Heartbeat = 20 * time.Millisecond })
	b.deliver(customer("Ada"))
	b.running(b.engine.Run)
	b.eventually(func() bool { c := b.control(); return c.Replicas > 0 && c.Applied == c.Replicas })
	require.Zero(t, b.remote.Created())
	b.operate(func(c *admin.Control) { c.Drain = false })
	b.eventually(func() bool { return b.remote.Created() == 1 })
}

func TestImpossibleWishesAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	none, many, zero := 0, connector.MaxWorkers+1, 0.0
	for name, edit := range map[string]func(*admin.Control){
		"no workers": func(c *admin.Control) { c.Workers = &none }, "too many": func(c *admin.Control) { c.Workers = &many },
		"no rate": func(c *admin.Control) { c.Rate = &zero },
	} {
		err := b.transact(func(tx *gorm.DB) error {
			_, err := b.engine.SetControl(tx, "operator", edit)
			return err
		})
		require.ErrorIs(t, err, connector.ErrBadControl, name)
	}
	require.Zero(t, b.control().Revision)
}

func TestAStopGivesUpCallsThatTakeTooLongAndTheyAreMadeAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	remote := newGate(b)
	b.engine = b.newEngine(func(o *connector.Options) { o.Remote, o.DrainTimeout = remote, 50*time.Millisecond })
	s := customer("Ada")
	b.deliver(s)
	stop := b.running(b.engine.Run)
	b.eventually(func() bool { return remote.holds() == 1 })
	began := time.Now()
	stop()
	require.Less(t, time.Since(began), 5*time.Second)
	l := b.link(s.ID)
	require.Equal(t, "create", l.Intent)
	require.Zero(t, l.Attempts, "nobody's fault")
	require.False(t, l.DueAt.After(time.Now().Add(time.Second)), "another replica need not wait for the lease")
	close(remote.open)
	b.engine = b.newEngine()
	b.work()
	b.object(s.ID)
	require.Equal(t, 1, b.remote.Created())
}
