package limits_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/limits"
)

func TestABucketRefillsWithItsRate(t *testing.T) {
	t.Parallel()
	l, now := limits.New(), time.Unix(1000, 0)
	want := limits.Want{Name: "a", Rate: 2}
	take := func() bool { ok, _ := l.Allow(now, want); return ok }
	require.True(t, take())
	require.True(t, take())
	require.False(t, take(), "a second's worth is gone")
	now = now.Add(500 * time.Millisecond)
	require.True(t, take())
	require.False(t, take())
	now = now.Add(time.Hour)
	require.True(t, take())
	require.True(t, take())
	require.False(t, take(), "it never holds more than a second's worth")
}

func TestARefusedCallTakesNothing(t *testing.T) {
	t.Parallel()
	l, now := limits.New(), time.Unix(1000, 0)
	wide, narrow := limits.Want{Name: "wide", Rate: 2}, limits.Want{Name: "narrow", Rate: 1}
	ok, _ := l.Allow(now, wide, narrow)
	require.True(t, ok)
	ok, empty := l.Allow(now, wide, narrow)
	require.False(t, ok)
	require.Equal(t, "narrow", empty)
	ok, _ = l.Allow(now, wide)
	require.True(t, ok, "the wide bucket has its second token still")
	ok, _ = l.Allow(now, limits.Want{Name: "wide", Rate: 0})
	require.True(t, ok, "0 is no limit")
	l.Reset()
	ok, _ = l.Allow(now, wide, narrow)
	require.True(t, ok)
}
