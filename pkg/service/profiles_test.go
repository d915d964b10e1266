package service_test

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/service"
	"github.com/datasync-dev/datasync/pkg/service/servicetest"
)

func TestProfilesAreServedOnLoopbackAlone(t *testing.T) {
	t.Parallel()
	require.Empty(t, service.Profiles(""))
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "nonsense"} {
		require.ErrorContains(t, service.Profiles(addr)[0].Run(t.Context()), "DEBUG_ADDR", addr)
	}
	addr := "127.0.0.1:" + strconv.Itoa(servicetest.FreePort(t))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- service.Profiles(addr)[0].Run(ctx) }()
	require.Eventually(t, func() bool {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/debug/pprof/heap", http.NoBody)
		if err != nil {
			return false
		}
		answer, err := http.DefaultClient.Do(request)
		return err == nil && answer.StatusCode == http.StatusOK && answer.Body.Close() == nil
	}, 5*time.Second, 10*time.Millisecond)
	stop()
	require.NoError(t, <-done)
}
