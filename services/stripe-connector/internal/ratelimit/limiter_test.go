package ratelimit_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/services/stripe-connector/internal/ratelimit"
)

const (
	create = "POST /v1/customers"
	update = "POST /v1/customers/:id"
)

// calls makes n calls of an endpoint one after another and returns how long that took.
func calls(t *testing.T, l *ratelimit.Limiter, endpoint string, n int) time.Duration {
	t.Helper()
	begun := time.Now()
	for range n {
		require.NoError(t, l.Wait(t.Context(), endpoint))
	}
	return time.Since(begun)
}

func TestASingleCallWaitsForNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		require.Zero(t, calls(t, ratelimit.New(25, 25), create, 1))
	})
}

func TestAnEndpointKeepsItsRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		took := calls(t, ratelimit.New(100, 25), create, 255)
		require.InDelta(t, 10, took.Seconds(), 0.1) // 5 at once, then 25 a second
	})
}

func TestEndpointsShareTheRateOfTheAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(25, 25)
		begun := time.Now()
		var both sync.WaitGroup
		both.Go(func() { calls(t, l, create, 128) })
		both.Go(func() { calls(t, l, update, 127) })
		both.Wait()
		require.InDelta(t, 10, time.Since(begun).Seconds(), 0.1)
	})
}

func TestAnEndpointDoesNotHoldUpAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(1000, 25)
		calls(t, l, create, 10)
		require.Less(t, calls(t, l, update, 5), 10*time.Millisecond)
	})
}

func TestNoSecondHoldsMoreThanAFifthAboveTheRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(100, 100)
		var mu sync.Mutex
		var at []time.Time
		var workers sync.WaitGroup
		for range 32 {
			workers.Go(func() {
				for range 20 {
					if l.Wait(t.Context(), create) == nil {
						mu.Lock()
						at = append(at, time.Now())
						mu.Unlock()
					}
				}
			})
		}
		workers.Wait()
		for i := range at {
			if j := i + 121; j < len(at) {
				require.Greater(t, at[j].Sub(at[i]), time.Second)
			}
		}
	})
}

func TestACallThatCannotBeMadeInTimeIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(10, 10)
		calls(t, l, create, 2) // what may be made at once
		var queue sync.WaitGroup
		for range 20 { // fill two seconds
			queue.Go(func() { calls(t, l, create, 1) })
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		begun := time.Now()
		var long *ratelimit.TooLong
		require.ErrorAs(t, l.Wait(ctx, create), &long)
		require.Zero(t, time.Since(begun), "says so at once")
		require.InDelta(t, 2.1, long.After.Seconds(), 0.2)
		require.InDelta(t, 2.1, long.After.Seconds(), 0.2)
		queue.Wait()
		require.Less(t, calls(t, l, create, 1), 200*time.Millisecond, "the place in the queue was given back")
	})
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(1, 1)
		calls(t, l, create, 1)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, cancel)
		require.ErrorIs(t, l.Wait(ctx, create), context.Canceled)
	})
}

func TestAHitHalvesTheLimitThatItNames(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scope             ratelimit.Scope
		account, endpoint float64
	}{
		"the account's":  {ratelimit.Account, 50, 20},
		"the endpoint's": {ratelimit.Endpoint, 100, 10},
		"either":         {ratelimit.Unknown, 50, 10},
		"neither":        {ratelimit.Neither, 100, 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := ratelimit.New(100, 20)
				l.Hit(create, c.scope, time.Now(), 0)
				require.InDelta(t, c.account, l.Rate(), 0.001)
				require.InDelta(t, c.endpoint, l.EndpointRate(create), 0.001)
				require.InDelta(t, 20, l.EndpointRate(update), 0.001, "another endpoint")
			})
		})
	}
}

func TestCallsThatWereUnderWayTogetherCountOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(100, 25)
		started := time.Now()
		<-time.After(time.Second)
		for range 50 {
			l.Hit(create, ratelimit.Account, started, 0)
		}
		require.InDelta(t, 50, l.Rate(), 0.001)
		<-time.After(time.Second)
		l.Hit(create, ratelimit.Account, time.Now(), 0)
		require.InDelta(t, 27.5, l.Rate(), 0.001, "a call that was started after the hit")
	})
}

func TestALimitNeverFallsToNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(100, 25)
		for range 20 {
			l.Hit(create, ratelimit.Account, time.Now(), 0)
		}
		require.InDelta(t, 100.0/16, l.Rate(), 0.001)
	})
}

func TestALimitGrowsBackEvenly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(100, 25)
		l.Hit(create, ratelimit.Account, time.Now(), 0)
		for _, want := range []float64{55, 60, 65, 70, 75, 80, 85, 90, 95, 100, 100} {
			<-time.After(time.Second)
			require.InDelta(t, want, l.Rate(), 0.001)
		}
	})
}

func TestNoCallIsMadeDuringAPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(100, 25)
		l.Hit(create, ratelimit.Endpoint, time.Now(), 3*time.Second)
		require.Less(t, calls(t, l, update, 1), time.Millisecond, "another endpoint goes on")
		require.GreaterOrEqual(t, calls(t, l, create, 1), 3*time.Second)
	})
}

func TestAPauseHoldsThoseThatWaitAlreadyAndEndsWithoutACrowd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(100, 10)
		calls(t, l, create, 2)
		var mu sync.Mutex
		var late []time.Duration
		begun := time.Now()
		var waiting sync.WaitGroup
		for range 5 {
			waiting.Go(func() {
				if l.Wait(t.Context(), create) == nil {
					mu.Lock()
					late = append(late, time.Since(begun))
					mu.Unlock()
				}
			})
		}
		synctest.Wait()
		l.Hit(create, ratelimit.Endpoint, time.Now(), 2*time.Second)
		waiting.Wait()
		require.Len(t, late, 5)
		require.GreaterOrEqual(t, late[0], 2*time.Second)
		require.Greater(t, late[4], 2300*time.Millisecond)
	})
}

func TestAPauseThatIsTooLongIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(100, 25)
		l.Hit(create, ratelimit.Account, time.Now(), time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		var long *ratelimit.TooLong
		require.ErrorAs(t, l.Wait(ctx, update), &long)
		require.Equal(t, time.Minute, long.After)
	})
}

func TestTheRateCanBeChangedWhileCallsAreMade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(10, 1000)
		spend := func(n int) time.Duration { return calls(t, l, create, n) }
		spend(2) // the burst
		require.InDelta(t, 2, spend(20).Seconds(), 0.2)
		l.SetRate(2)
		require.InDelta(t, 2, l.Rate(), 0.001)
		require.InDelta(t, 5, spend(10).Seconds(), 0.6)
		l.SetRate(100)
		require.InDelta(t, 1, spend(100).Seconds(), 0.3)
		l.SetRate(0)
		require.InDelta(t, 10, l.Rate(), 0.001, "as configured")
	})
}

func TestARateThatIsRaisedIsReachedOnlySlowlyAfterAHit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := ratelimit.New(10, 1000)
		l.Hit("e", ratelimit.Account, time.Now(), 0)
		require.InDelta(t, 5, l.Rate(), 0.001)
		l.SetRate(100)
		require.InDelta(t, 5, l.Rate(), 0.001)
		<-time.After(30 * time.Second)
		require.InDelta(t, 100, l.Rate(), 0.001)
	})
}
