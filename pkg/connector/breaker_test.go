package connector_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/connector"
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
