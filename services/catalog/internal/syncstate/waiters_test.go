package syncstate_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/services/catalog/internal/syncstate"
)

func TestAWaiterLooksAtOnceWhenWoken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, id := syncstate.NewWaiters(), uuid.New()
		started, looks, done := time.Now(), 0, make(chan bool)
		go func() {
			ok, err := w.Wait(t.Context(), id, func(context.Context) (bool, error) {
				looks++
				return looks == 2, nil
			})
			require.NoError(t, err)
			done <- ok
		}()
		synctest.Wait()
		w.Wake(uuid.New(), id)
		require.True(t, <-done)
		require.Zero(t, time.Since(started), "no time passed")
	})
}

func TestAWaiterLooksByItselfToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		ok, err := syncstate.NewWaiters().Wait(t.Context(), uuid.New(), func(context.Context) (bool, error) {
			looks++
			return looks == 4, nil
		})
		require.NoError(t, err)
		require.True(t, ok)
	})
}

func TestAWaitEndsWithItsContextOrAnError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		started := time.Now()
		ok, err := syncstate.NewWaiters().Wait(ctx, uuid.New(), func(context.Context) (bool, error) { return false, nil })
		require.NoError(t, err)
		require.False(t, ok)
		require.Equal(t, time.Second, time.Since(started))
	})
	broken := errors.New("broken")
	_, err := syncstate.NewWaiters().Wait(t.Context(), uuid.New(), func(context.Context) (bool, error) { return false, broken })
	require.ErrorIs(t, err, broken)
}
