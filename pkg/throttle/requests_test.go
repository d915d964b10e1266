package throttle_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/throttle"
)

func headers(q throttle.Quota) map[string]string {
	set := map[string]string{}
	q.Headers(func(name, value string) { set[name] = value })
	return set
}

func TestAKeyMayAskSoOftenAndNoMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		requests := throttle.NewRequests(5)
		for left := 9; left >= 0; left-- {
			q := requests.Take("a")
			require.Zero(t, q.Wait)
			require.Equal(t, left, q.Remaining)
		}
		q := requests.Take("a")
		require.Equal(t, 200*time.Millisecond, q.Wait)
		require.Equal(t, map[string]string{"RateLimit-Policy": `"key";q=10;w=2`, "RateLimit": `"key";r=0;t=2`}, headers(q))
		require.Equal(t, "1", throttle.RetryAfter(q.Wait))
		require.Zero(t, requests.Take("b").Wait, "another key has its own quota")

		time.Sleep(q.Wait) //nolint:forbidigo // the clock of synctest
		require.Zero(t, requests.Take("a").Wait)
		require.NotZero(t, requests.Take("a").Wait)
		time.Sleep(2 * time.Minute) //nolint:forbidigo // the clock of synctest
		require.Equal(t, 9, requests.Take("a").Remaining)
	})
}

func TestWithoutALimitNothingIsSaid(t *testing.T) {
	t.Parallel()
	requests := throttle.NewRequests(0)
	for range 100 {
		require.Zero(t, requests.Take("a"))
	}
	require.Empty(t, headers(requests.Take("a")))
}
