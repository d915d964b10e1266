package servicetest_test

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/service/servicetest"
)

const program = "stripe-simulator" // the service that needs nothing else

func TestAServiceStartsAndStops(t *testing.T) {
	t.Parallel()
	p := servicetest.Start(t, program, nil)
	require.Contains(t, p.Log(), "started")
	p.Stop(t)
	require.Contains(t, p.Log(), "stopped")
	requireNobodyListens(t, p.Addr)
}

func TestAKilledServiceIsGone(t *testing.T) {
	t.Parallel()
	p := servicetest.Start(t, program, nil)
	p.Kill()
	requireNobodyListens(t, p.Addr)
	var exit *exec.ExitError
	require.ErrorAs(t, p.Wait(t), &exit)
	again := servicetest.Start(t, program, map[string]string{"ADDR": p.Addr})
	require.Equal(t, p.URL, again.URL)
}

func TestAnInterruptedServiceStops(t *testing.T) {
	t.Parallel()
	p := servicetest.Start(t, program, nil)
	p.Signal(t, syscall.SIGINT)
	require.NoError(t, p.Wait(t))
}

func TestABadConfigurationIsToldAndFails(t *testing.T) {
	t.Parallel()
	p := servicetest.Launch(t, program, map[string]string{"SHUTDOWN_TIMEOUT": "soon", "WEBHOOK_URL": "nowhere"})
	var exit *exec.ExitError
	require.ErrorAs(t, p.Wait(t), &exit)
	require.Equal(t, 1, exit.ExitCode())
	require.Contains(t, p.Log(), "SHUTDOWN_TIMEOUT: ")
	require.Contains(t, p.Log(), "WEBHOOK_URL: ")
}

func TestFreePortsAreFree(t *testing.T) {
	t.Parallel()
	requireNobodyListens(t, "127.0.0.1:"+strconv.Itoa(servicetest.FreePort(t)))
}

func requireNobodyListens(t *testing.T, addr string) {
	t.Helper()
	connection, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", addr)
	if err == nil {
		itself := connection.LocalAddr().String() == addr // the kernel may pick the same port for this end
		require.NoError(t, connection.Close())
		require.True(t, itself, "somebody listens at %s", addr)
		return
	}
	// A dial that meets the port while it is being closed is reset.
	require.True(t, errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET), err)
}
