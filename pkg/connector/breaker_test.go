package connector_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/record"
)

func TestAnOutageStopsCallsAndItsEndBringsEverythingBackAtOnce(t *testing.T) {
	t.Parallel()
	b, remote := setupRefusing(t, func(o *connector.Options) {
		o.Probe = 600 * time.Millisecond
		o.Backoff = func(int) time.Duration { return time.Hour } // far longer than the outage
	})
	const customers = 40
	remote.fail(errors.New("connection refused"))
	for range customers {
		b.deliver(customer("Ada"))
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		assert.NoError(t, b.engine.Run(ctx))
	}()
	require.Eventually(t, func() bool { return b.engine.Ready() != nil }, 5*time.Second, time.Millisecond)
	require.Less(t, remote.refused(), customers/2, "the rest was not even tried")
	remote.fail(nil)
	require.Eventually(t, func() bool { return len(b.remote.Objects()) == customers }, 10*time.Second, 5*time.Millisecond)
	require.NoError(t, b.engine.Ready())
	stop()
	<-done
}

func TestOneRecordThatGetsNoAnswerIsNoOutage(t *testing.T) {
	t.Parallel()
	b, remote := setupRefusing(t)
	remote.fail(errors.New("connection reset"))
	b.deliver(customer("Ada"))
	for range 20 {
		b.turn()
	}
	require.Equal(t, 20, remote.refused())
	require.NoError(t, b.engine.Ready())
}

func TestRefusalsOfRecordsAreNoOutage(t *testing.T) {
	t.Parallel()
	b, remote := setupRefusing(t, func(o *connector.Options) { o.Workers = 10 })
	remote.fail(&connector.Error{Class: connector.Permanent, Reason: "no"})
	for range 10 {
		b.deliver(customer("Ada"))
	}
	b.turn()
	require.NoError(t, b.engine.Ready())
	require.Equal(t, 10, remote.refused())
}

func TestDuringAnOutageARecordIsTriedAtOnceWhenNoneWasForLong(t *testing.T) {
	t.Parallel()
	const wait = 200 * time.Millisecond
	b, remote := setupRefusing(t, func(o *connector.Options) { o.Probe = wait })
	remote.fail(&connector.Error{Class: connector.Operator, Reason: "the key was revoked"})
	b.deliver(customer("Ada"))
	b.turn()
	require.NoError(t, b.db.Exec(`UPDATE links SET due_at = NULL`).Error) // nothing is left to try
	for began := time.Now(); time.Since(began) < wait+wait/4; {
		worked, err := b.engine.RunOnce(t.Context())
		require.NoError(t, err)
		require.Zero(t, worked)
	}
	remote.fail(nil)
	b.deliver(customer("Grace"))
	worked, err := b.engine.RunOnce(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, worked)
	require.NoError(t, b.engine.Ready())
}

func TestARetryThatIsBroughtForwardIsNoFurtherAttempt(t *testing.T) {
	t.Parallel()
	attempts := make(chan int, 10)
	b, remote := setupRefusing(t, func(o *connector.Options) {
		o.Backoff = func(attempt int) time.Duration { attempts <- attempt; return time.Hour }
	})
	remote.fail(errors.New("connection reset"))
	b.deliver(customer("Ada"))
	for range 4 { // a start is a new chance for what is backing off
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			assert.NoError(t, b.engine.Run(ctx))
		}()
		require.Equal(t, 1, <-attempts)
		stop()
		<-done
	}
	b.turn() // the wait was over
	require.Equal(t, 2, <-attempts)
}

// poisoned fails every write for records with this name, as a remote does that has a bug about them.
type poisoned struct{ *connectortest.Memory }

func (p poisoned) Create(ctx context.Context, call connector.Call, fields record.Fields) (connector.Object, error) {
	if fields["name"] == "poison" {
		return connector.Object{}, &connector.Error{Class: connector.Transient, Burnt: true, Status: 500, Reason: "something failed"}
	}
	return p.Memory.Create(ctx, call, fields)
}

func setupPoisoned(t *testing.T) *bundle {
	t.Helper()
	b := setup(t)
	b.engine = b.newEngine(func(o *connector.Options) {
		o.Remote, o.Workers, o.Probe = poisoned{b.remote}, 10, 60*time.Millisecond
		o.Backoff = func(int) time.Duration { return 5 * time.Millisecond }
	})
	for range 8 {
		b.deliver(customer("poison"))
	}
	return b
}

func TestRecordsThatAlwaysFailHoldNobodyBack(t *testing.T) {
	t.Parallel()
	b := setupPoisoned(t)
	b.running(b.engine.Run)
	b.eventually(func() bool { return !b.engine.Breaker().Open && b.failing() == 8 })
	for range 20 {
		s := customer("Ada")
		b.deliver(s)
		b.eventually(func() bool { return b.link(s.ID).State == "synced" })
	}
}

func TestABreakerThatOnlySuchRecordsHaveOpenedClosesByItself(t *testing.T) {
	t.Parallel()
	b := setupPoisoned(t)
	var opened bool
	b.eventually(func() bool {
		_, err := b.engine.RunOnce(t.Context())
		require.NoError(t, err)
		opened = opened || b.engine.Breaker().Open
		return opened && !b.engine.Breaker().Open
	})
	attempts := func() (n int) {
		require.NoError(t, b.db.Raw(`SELECT min(attempts) FROM links`).Scan(&n).Error)
		return n
	}
	b.eventually(func() bool {
		_, err := b.engine.RunOnce(t.Context())
		require.NoError(t, err)
		return attempts() > 5
	})
	require.False(t, b.engine.Breaker().Open)
}

// failing is how many records fail.
func (b *bundle) failing() (n int) {
	b.t.Helper()
	require.NoError(b.t, b.db.Raw(`SELECT count(*) FROM links WHERE fingerprint IS NOT NULL`).Scan(&n).Error)
	return n
}
