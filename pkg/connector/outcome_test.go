package connector_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/record"
)

// refusing fails every write as long as an error is set.
type refusing struct {
	*connectortest.Memory
	mu    sync.Mutex
	err   error
	count int
}

// fail sets the error of all further writes; nil for none.
func (r *refusing) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// refused is how many calls failed.
func (r *refusing) refused() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

func (r *refusing) next() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		r.count++
	}
	return r.err
}

func (r *refusing) Create(ctx context.Context, call connector.Call, fields record.Fields) (connector.Object, error) {
	if err := r.next(); err != nil {
		return connector.Object{}, err
	}
	return r.Memory.Create(ctx, call, fields)
}

func (r *refusing) Update(ctx context.Context, call connector.Call, id string, patch record.Patch) (connector.Object, error) {
	if err := r.next(); err != nil {
		return connector.Object{}, err
	}
	return r.Memory.Update(ctx, call, id, patch)
}

// Deletable implements connector.DeleteGuard.
func (r *refusing) Deletable(context.Context, string) error { return r.next() }

func setupRefusing(t *testing.T, options ...func(*connector.Options)) (*bundle, *refusing) {
	t.Helper()
	b := setup(t)
	remote := &refusing{Memory: b.remote}
	b.engine = b.newEngine(append(options, func(o *connector.Options) { o.Remote = remote })...)
	return b, remote
}

// dueIn is how long the only link waits; -1 at rest.
func (b *bundle) dueIn() float64 {
	b.t.Helper()
	var seconds float64
	require.NoError(b.t, b.db.Raw(`SELECT COALESCE(extract(epoch FROM due_at - now()), -1) FROM links`).Scan(&seconds).Error)
	return seconds
}

func TestARefusedRecordIsParkedAndComesBack(t *testing.T) {
	t.Parallel()
	refusal := &connector.Error{Class: connector.Permanent, Field: "email", Reason: "not an email address", Status: 400}
	park := func(t *testing.T) (*bundle, *refusing, event.Snapshot) {
		t.Helper()
		b, remote := setupRefusing(t)
		s, _ := b.synced()
		remote.fail(refusal)
		s = next(s, record.Patch{"email": "nonsense"})
		b.deliver(s)
		b.work()
		_, states := b.sent()
		require.Len(t, states, 1)
		require.Equal(t, event.StateFailed, states[0].State)
		require.Equal(t, &event.SyncError{Class: "permanent", Field: "email", Reason: "not an email address", Attempt: 1, Version: 2}, states[0].Error)
		require.InDelta(t, -1, b.dueIn(), 0.001, "parked: nothing brings it back by itself")
		remote.fail(nil)
		return b, remote, s
	}
	t.Run("by a newer version", func(t *testing.T) {
		t.Parallel()
		b, _, s := park(t)
		b.deliver(next(s, record.Patch{"email": "a@example.com"}))
		b.work()
		require.Equal(t, "a@example.com", b.object(s.ID).Fields["email"])
		_, states := b.sent()
		require.Equal(t, event.StateSynced, states[0].State)
		require.Nil(t, states[0].Error)
	})
	t.Run("by an edit at the remote", func(t *testing.T) {
		t.Parallel()
		b, _, s := park(t)
		b.remote.Edit(b.object(s.ID).ID, record.Patch{"phone": "1"})
		b.webhooks()
		b.work()
		require.Equal(t, record.Fields{"name": "Ada", "phone": "1", "email": "nonsense"}, b.object(s.ID).Fields)
	})
	t.Run("not by the same version again", func(t *testing.T) {
		t.Parallel()
		b, _, s := park(t)
		b.deliver(s)
		require.False(t, b.due())
	})
}

func TestWhenAFailedCallIsMadeAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err      error
		from, to float64 // seconds
	}{
		"throttled: exactly as long as told": {&connector.Error{Class: connector.Throttled, After: 40 * time.Second}, 39, 40},
		"throttled without a time":           {&connector.Error{Class: connector.Throttled}, 0.3, 0.6},
		"transient":                          {&connector.Error{Class: connector.Transient}, 0.3, 0.6},
		"not classified":                     {context.DeadlineExceeded, 0.3, 0.6},
		"operator":                           {&connector.Error{Class: connector.Operator}, 29, 30},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, remote := setupRefusing(t)
			remote.fail(c.err)
			b.deliver(customer("Ada"))
			b.turn()
			wait := b.dueIn()
			require.GreaterOrEqual(t, wait, c.from)
			require.LessOrEqual(t, wait, c.to)
			_, states := b.sent()
			require.Equal(t, event.StateRetrying, states[0].State)
		})
	}
}

func TestANewerVersionDoesNotShortenABackOff(t *testing.T) {
	t.Parallel()
	b, remote := setupRefusing(t)
	remote.fail(&connector.Error{Class: connector.Throttled, After: time.Minute})
	s := customer("Ada")
	b.deliver(s)
	b.turn()
	b.deliver(next(s, nil))
	require.Greater(t, b.dueIn(), 50.0)
}

func TestARevokedKeyPausesEverythingAndASuccessResumes(t *testing.T) {
	t.Parallel()
	b, remote := setupRefusing(t, func(o *connector.Options) { o.Probe = time.Millisecond })
	remote.fail(&connector.Error{Class: connector.Operator, Reason: "the API key was revoked: set STRIPE_API_KEY"})
	first, second := customer("Ada"), customer("Grace")
	b.deliver(first, second)
	b.turn()
	require.ErrorContains(t, b.engine.Ready(), "STRIPE_API_KEY")
	remote.fail(nil)
	require.Eventually(t, func() bool { b.turn(); return b.engine.Ready() == nil }, time.Second, time.Millisecond)
	b.work()
	b.object(first.ID)
	b.object(second.ID)
}

func TestADeleteIsRefusedAsLongAsSomethingHangsOnTheObject(t *testing.T) {
	t.Parallel()
	b, remote := setupRefusing(t, func(o *connector.Options) { o.DeletePolicy = connector.DeleteRefuse })
	s, _ := b.synced()
	remote.fail(&connector.Error{Class: connector.Permanent, Reason: "the customer has an active subscription"})
	s = deleted(s)
	b.deliver(s)
	b.work()
	b.object(s.ID)
	_, states := b.sent()
	require.Equal(t, event.StateFailed, states[0].State)
	remote.fail(nil)
	b.deliver(next(s, nil))
	b.work()
	require.Empty(t, b.remote.Objects())
}

func TestBadOptionsAreRefused(t *testing.T) {
	t.Parallel()
	remote := connectortest.NewMemory("cus")
	for name, o := range map[string]connector.Options{
		"unknown delete policy":              {Name: "stripe", Remote: remote, DeletePolicy: "maybe"},
		"a guard is needed":                  {Name: "stripe", Remote: remote, DeletePolicy: connector.DeleteRefuse},
		"a lease shorter than a call":        {Name: "stripe", Remote: remote, Lease: time.Second, CallTimeout: time.Minute},
		"a lease as long as a call may take": {Name: "stripe", Remote: remote, Lease: time.Second, CallTimeout: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := connector.New(o)
			require.Error(t, err)
		})
	}
}

func TestBackoffGrowsToItsLimit(t *testing.T) {
	t.Parallel()
	previous := time.Duration(0)
	for attempt := 1; attempt <= 9; attempt++ {
		delay := connector.Backoff(attempt)
		require.Greater(t, delay, previous, "attempt %d", attempt)
		previous = delay
	}
	for _, attempt := range []int{10, 11, 64, 1000} {
		require.LessOrEqual(t, connector.Backoff(attempt), 6*time.Minute)
		require.GreaterOrEqual(t, connector.Backoff(attempt), 3*time.Minute)
	}
}
