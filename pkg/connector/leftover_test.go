package connector_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/record"
)

var (
	errNoAnswer = errors.New("connection reset")
	errRefused  = &connector.Error{Class: connector.Permanent, Field: "email", Reason: "not an email address", Status: 400}
)

// leftBehind is a link whose second version got no answer and will be refused when it is sent again.
func leftBehind(t *testing.T) (*bundle, *refusing, event.Snapshot) {
	t.Helper()
	b, remote := setupRefusing(t)
	s, _ := b.synced()
	s = next(s, record.Patch{"email": "nonsense"})
	b.deliver(s)
	remote.fail(errNoAnswer)
	b.turn()
	remote.fail(errRefused)
	return b, remote, s
}

func TestARefusalOfAnOlderVersionDoesNotParkTheNewerOneThatWaits(t *testing.T) {
	t.Parallel()
	b, remote, s := leftBehind(t)
	s = next(s, record.Patch{"email": "a@example.com"})
	b.deliver(s)
	b.sent()
	b.turn() // the old call, refused
	_, states := b.sent()
	require.Len(t, states, 1)
	require.EqualValues(t, 2, states[0].Error.Version, "nothing is said about the version that was not tried")
	remote.fail(nil)
	b.work()
	require.Equal(t, s.Fields, b.object(s.ID).Fields)
	_, states = b.sent()
	require.Equal(t, event.StateSynced, states[len(states)-1].State)
}

func TestARefusalOfACallThatWasLeftBehindDoesNotHideAnEditAtTheRemote(t *testing.T) {
	t.Parallel()
	b, _, s := leftBehind(t)
	b.remote.Edit(b.object(s.ID).ID, record.Patch{"phone": "1"})
	b.webhooks()
	b.work()
	changes, _ := b.sent()
	require.Len(t, changes, 1)
	require.Equal(t, map[string]string{"phone": "1@1"}, values(changes[0]))
}

// failingGet fails so many reads.
type failingGet struct {
	*connectortest.Memory
	failures int
}

func (f *failingGet) Get(ctx context.Context, id string) (connector.Object, error) {
	if f.failures > 0 {
		f.failures--
		return connector.Object{}, errNoAnswer
	}
	return f.Memory.Get(ctx, id)
}

func TestTheLookAfterACallThatWasMadeAgainIsNotForgottenWhenItFails(t *testing.T) {
	t.Parallel()
	b := setup(t)
	s, object := b.synced()
	remote := &failingGet{Memory: b.remote, failures: 1}
	b.engine = b.newEngine(func(o *connector.Options) { o.Remote = remote })
	b.faults(connectortest.FaultNoAnswer)
	b.deliver(next(s, record.Patch{"name": "Grace"}))
	b.turn()
	b.remote.Edit(object.ID, record.Patch{"phone": "1"}) // its webhook is lost
	b.work()
	require.Zero(t, remote.failures)
	changes, _ := b.sent()
	require.Len(t, changes, 1)
	require.Equal(t, map[string]string{"phone": "1@2"}, values(changes[0]))
}

// slow takes its time for every call.
type slow struct {
	*connectortest.Memory
	takes time.Duration
	calls atomic.Int64
}

func (s *slow) wait(ctx context.Context) {
	s.calls.Add(1)
	select {
	case <-ctx.Done():
	case <-time.After(s.takes):
	}
}

func (s *slow) Create(ctx context.Context, call connector.Call, fields record.Fields) (connector.Object, error) {
	s.wait(ctx)
	return s.Memory.Create(ctx, call, fields)
}

func (s *slow) Get(ctx context.Context, id string) (connector.Object, error) {
	s.wait(ctx)
	return s.Memory.Get(ctx, id)
}

func TestATurnOfSeveralSlowCallsKeepsItsLease(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.faults(connectortest.FaultAfterCall)
	s := customer("Ada")
	b.deliver(s)
	b.turn()
	require.NoError(t, b.db.Exec(`UPDATE links SET due_at = now()`).Error)
	remote := &slow{Memory: b.remote, takes: 2 * time.Second}
	engine := b.newEngine(func(o *connector.Options) {
		o.Remote, o.CallTimeout, o.Lease = remote, 3200*time.Millisecond, 3500*time.Millisecond
	})
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		assert.NoError(t, engine.Run(ctx))
	}()
	b.eventually(func() bool { return !b.due() })
	stop()
	<-done
	require.EqualValues(t, 2, remote.calls.Load(), "the create and the look, each once")
}

func TestAFailureOfANewerVersionForTheSameReasonIsReported(t *testing.T) {
	t.Parallel()
	b, remote := setupRefusing(t)
	s, _ := b.synced()
	remote.fail(errRefused)
	for range 2 {
		s = next(s, record.Patch{"email": s.Fields["email"] + "nonsense"})
		b.deliver(s)
		b.work()
	}
	_, states := b.sent()
	require.Len(t, states, 2)
	require.EqualValues(t, 3, states[1].Error.Version)
}

func TestARestartedInstanceTakesUpAtOnceWhatItHeldWhenItDied(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		instance string
		atOnce   bool
	}{"the same instance": {"here:1", true}, "another one": {"there:2", false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.engine = b.newEngine(func(o *connector.Options) { o.Instance = "here:1" })
			b.faults(connectortest.FaultAfterCall)
			b.deliver(customer("Ada"))
			b.turn()
			require.Greater(t, b.dueIn(), 20.0, "the lease goes on")
			engine := b.newEngine(func(o *connector.Options) { o.Instance = c.instance })
			ctx, stop := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				assert.NoError(t, engine.Run(ctx))
			}()
			if c.atOnce {
				b.eventually(func() bool { return !b.due() })
			}
			stop()
			<-done
			require.Equal(t, c.atOnce, !b.due())
			require.Equal(t, 1, b.remote.Created())
		})
	}
}
