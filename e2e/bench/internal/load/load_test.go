package load_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/e2e/bench/internal/load"
)

func target(t *testing.T, handler http.HandlerFunc) load.Target {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	addr := server.Listener.Addr().String()
	request := load.NewRequest(http.MethodPost, addr, "/x", []byte(`{}`), "X-Test", "yes")
	return load.Target{Addr: addr, Status: http.StatusCreated, Request: func(int) load.Request { return request }}
}

func TestBodiesOfEverySizeAreRead(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 10, 5000, 100_000} { // the last ones come in chunks
		to := target(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if string(body) == "{}" && r.Header.Get("X-Test") == "yes" {
				w.WriteHeader(http.StatusCreated)
			}
			_, _ = io.WriteString(w, strings.Repeat("x", size))
		})
		var bytes atomic.Int64
		to.Answered = func(_ int, body []byte, _ time.Time) { bytes.Add(int64(len(body))) }
		o, err := load.Times(t.Context(), to, 2, 20)
		require.NoError(t, err)
		require.Equal(t, 20, o.Count)
		require.Equal(t, int64(20*size), bytes.Load())
	}
}

func TestAnotherStatusIsAnError(t *testing.T) {
	t.Parallel()
	to := target(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	_, err := load.Times(t.Context(), to, 1, 1)
	require.ErrorContains(t, err, "418")
}

func TestASteadyRateIsKeptAndWaitingCounts(t *testing.T) {
	t.Parallel()
	to := target(t, func(w http.ResponseWriter, _ *http.Request) {
		<-time.After(20 * time.Millisecond)
		w.WriteHeader(http.StatusCreated)
	})
	o, err := load.Steady(t.Context(), to, 1, 100, 200*time.Millisecond) // twice what one connection can do
	require.NoError(t, err)
	require.Equal(t, 20, o.Count)
	require.Greater(t, load.Quantile(o.Latencies, 1), 100*time.Millisecond)
}

func TestQuantilesAndMedians(t *testing.T) {
	t.Parallel()
	require.Equal(t, 3, load.Quantile([]int{5, 1, 3, 2, 4}, 0.5))
	require.Equal(t, 5, load.Quantile([]int{5, 1, 3, 2, 4}, 0.99))
	require.Zero(t, load.Quantile([]int(nil), 0.5))
	require.InDelta(t, 2.5, load.Median([]float64{4, 1, 2, 3}), 0)
}
