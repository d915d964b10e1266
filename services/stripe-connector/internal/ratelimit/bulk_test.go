package ratelimit_test

import (
	"context"
	"sync"
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

func TestLiveCallsDoNotQueueUpBehindBulkOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(25, 25)
		ctx, stop := context.WithCancel(t.Context())
		var bulk sync.WaitGroup
		for range 6 {
			bulk.Go(func() {
				for l.WaitBulk(ctx, update) == nil {
				}
			})
		}
		for range 50 { // two calls a second, beside bulk calls that never end
			<-time.After(time.Second)
			require.LessOrEqual(t, calls(t, l, update, 2), 80*time.Millisecond)
		}
		stop()
		bulk.Wait()
	})
}

func TestLiveCallsThatNeedMostOfALimitDoNotWaitForBulkOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(100, 100)
		ctx, stop := context.WithCancel(t.Context())
		var bulk sync.WaitGroup
		made := make(chan struct{}, 10_000)
		for range 50 {
			bulk.Go(func() {
				for l.WaitBulk(ctx, update) == nil {
					made <- struct{}{}
				}
			})
		}
		for range 200 { // for ten seconds, 80 a second in bursts of four
			<-time.After(50 * time.Millisecond)
			require.Zero(t, calls(t, l, update, 4))
		}
		stop()
		bulk.Wait()
		require.InDelta(t, 200, len(made), 20, "they get what is left")
	})
}

func TestLiveCallsThatNeedAllOfALimitDoNotStopBulkOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(160, 160)
		ctx, stop := context.WithCancel(t.Context())
		var live sync.WaitGroup
		for range 8 {
			live.Go(func() {
				for l.Wait(ctx, update) == nil {
				}
			})
		}
		begun := time.Now()
		for range 50 {
			require.NoError(t, l.WaitBulk(t.Context(), update))
		}
		require.Less(t, time.Since(begun), 10*time.Second, "about a sixteenth is theirs")
		stop()
		live.Wait()
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
