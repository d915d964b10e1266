package throttle_test

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/throttle"
)

func TestAnAddressThatFailsTooOftenWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failures := throttle.NewFailures(3, 6, 100)
		bad, good := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
		for range 3 {
			require.Zero(t, failures.Wait(bad))
			failures.Failed(bad)
		}
		require.Equal(t, 10*time.Second, failures.Wait(bad))
		require.Equal(t, 10*time.Second, failures.Wait(netip.MustParseAddr("::ffff:192.0.2.1")), "the same one")
		require.Zero(t, failures.Wait(good))
		time.Sleep(10 * time.Second) //nolint:forbidigo // the clock of synctest
		require.Zero(t, failures.Wait(bad))
	})
}

func TestAnIPv6NetworkCountsAsOneAddress(t *testing.T) {
	t.Parallel()
	failures := throttle.NewFailures(1, 1, 100)
	failures.Failed(netip.MustParseAddr("2001:db8::1"))
	require.NotZero(t, failures.Wait(netip.MustParseAddr("2001:db8::2")))
	require.Zero(t, failures.Wait(netip.MustParseAddr("2001:db8:0:1::1")))
}

func TestMemoryIsBoundedByForgettingTheOldestAddress(t *testing.T) {
	t.Parallel()
	const capacity = 50
	failures := throttle.NewFailures(1, 1, capacity)
	address := func(i uint32) netip.Addr {
		return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, i)))
	}
	for i := range uint32(10 * capacity) {
		failures.Failed(address(i))
	}
	remembered := 0
	for i := range uint32(10 * capacity) {
		if failures.Wait(address(i)) > 0 {
			remembered++
			require.GreaterOrEqual(t, i, uint32(9*capacity))
		}
	}
	require.Equal(t, capacity, remembered)
}
