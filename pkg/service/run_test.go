package service_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/service"
)

// diary notes what loops do, in order.
type diary struct {
	mu      sync.Mutex
	entries []string
}

func (d *diary) note(entry string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.entries = append(d.entries, entry)
}

// loop runs until it is told to stop, and takes a while to do so.
func (d *diary) loop(name string, stopping time.Duration) service.Loop {
	return service.Loop{Name: name, Run: func(ctx context.Context) error {
		<-ctx.Done()
		d.note("stopping " + name)
		<-time.After(stopping)
		d.note("stopped " + name)
		return nil
	}}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestLoopsStopOneByOneInReverse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		d := &diary{}
		require.NoError(t, service.Run(ctx, quiet(), 10*time.Second, d.loop("a", time.Second), d.loop("b", time.Second), d.loop("c", time.Second)))
		require.Equal(t, []string{"stopping c", "stopped c", "stopping b", "stopped b", "stopping a", "stopped a"}, d.entries)
	})
}

func TestALoopThatFailsStopsTheOthers(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for name, failure := range map[string]error{"with an error": boom, "by itself": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &diary{}
				failing := service.Loop{Name: "failing", Run: func(context.Context) error { return failure }}
				err := service.Run(t.Context(), quiet(), time.Second, d.loop("a", 0), failing, d.loop("c", 0))
				require.ErrorContains(t, err, "failing: ")
				if failure != nil {
					require.ErrorIs(t, err, boom)
				}
				require.Equal(t, []string{"stopping c", "stopped c", "stopping a", "stopped a"}, d.entries)
			})
		})
	}
}

func TestAnErrorOfStoppingIsReported(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	boom := errors.New("boom")
	d := &diary{}
	err := service.Run(ctx, quiet(), time.Second, d.loop("a", 0), service.Loop{Name: "b", Run: func(ctx context.Context) error {
		<-ctx.Done()
		return boom
	}})
	require.ErrorIs(t, err, boom)
	require.ErrorContains(t, err, "stop b")
	require.Contains(t, d.entries, "stopped a")
}

func TestTheDeadlineEndsStopping(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		d := &diary{}
		begun := time.Now()
		err := service.Run(ctx, quiet(), 5*time.Second, d.loop("a", 0), d.loop("stuck", time.Hour), d.loop("c", 2*time.Second))
		require.ErrorContains(t, err, "not stopped within 5s: stuck, a")
		require.Equal(t, 5*time.Second, time.Since(begun))
		<-time.After(time.Hour) // lets the stuck loop end, so that the bubble can
	})
}
