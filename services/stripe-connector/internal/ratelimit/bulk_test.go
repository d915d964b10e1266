package ratelimit_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/services/stripe-connector/internal/ratelimit"
)

func TestBulkCallsUseThreeQuartersOfALimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(100, 100)
		begun := time.Now()
		for range 151 {
			require.NoError(t, l.WaitBulk(t.Context(), create))
		}
		require.InDelta(t, 2, time.Since(begun).Seconds(), 0.1)
	})
}

func TestBulkCallsOfOneEndpointUseThreeQuartersOfItsLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(100, 20)
		begun := time.Now()
		for range 31 {
			require.NoError(t, l.WaitBulk(t.Context(), create))
		}
		require.InDelta(t, 2, time.Since(begun).Seconds(), 0.1)
	})
}

// crowd makes calls without end, many at once, until stop is called, which returns how many there were.
func crowd(t *testing.T, many int, wait func(context.Context, string) error) (stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var made atomic.Int64
	for range many {
		all.Go(func() {
			for wait(ctx, update) == nil {
				made.Add(1)
			}
		})
	}
	return func() int {
		cancel()
		all.Wait()
		return int(made.Load())
	}
}

func TestLiveCallsDoNotQueueUpBehindBulkOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(25, 25)
		stop := crowd(t, 6, l.WaitBulk)
		for range 50 { // two calls a second
			<-time.After(time.Second)
			require.LessOrEqual(t, calls(t, l, update, 2), 80*time.Millisecond)
		}
		stop()
	})
}

func TestLiveCallsThatNeedMostOfALimitDoNotWaitForBulkOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(100, 100)
		stop := crowd(t, 50, l.WaitBulk)
		for range 200 { // for ten seconds, 80 a second in bursts of four
			<-time.After(50 * time.Millisecond)
			require.Zero(t, calls(t, l, update, 4))
		}
		require.InDelta(t, 200, stop(), 20, "they get what is left")
	})
}

func TestLiveCallsThatNeedAllOfALimitDoNotStopBulkOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(160, 160)
		stop := crowd(t, 8, l.Wait)
		begun := time.Now()
		for range 50 {
			require.NoError(t, l.WaitBulk(t.Context(), update))
		}
		require.Less(t, time.Since(begun), 10*time.Second, "about a sixteenth is theirs")
		stop()
	})
}

func TestABulkCallWhoseTurnDoesNotComeIsPutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(100, 100)
		l.Hit(update, ratelimit.Endpoint, time.Now(), time.Minute)
		var first sync.WaitGroup
		first.Go(func() { assert.NoError(t, l.WaitBulk(t.Context(), update)) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begun := time.Now()
		var long *ratelimit.TooLong
		require.ErrorAs(t, l.WaitBulk(ctx, update), &long)
		require.InDelta(t, 5, time.Since(begun).Seconds(), 0.1)
		require.NoError(t, l.WaitBulk(ctx, create), "another endpoint's does")
		first.Wait()
	})
}

func TestBulkCallsFollowALimitThatIsReduced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(100, 100)
		l.SetRate(20)
		begun := time.Now()
		for range 31 {
			require.NoError(t, l.WaitBulk(t.Context(), create))
		}
		require.InDelta(t, 2, time.Since(begun).Seconds(), 0.1)
	})
}

func TestABulkCallThatWouldWaitForTooLongIsPutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(1, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.NoError(t, l.WaitBulk(ctx, create))
		var long *ratelimit.TooLong
		require.ErrorAs(t, l.WaitBulk(ctx, create), &long)
		require.InDelta(t, 1.3, long.After.Seconds(), 0.1)
	})
}
