// Package servicetest runs the real services as processes, for tests that look at them from outside.
package servicetest

import (
	"maps"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
)

// Start builds services/<name>/cmd/<name> (once per test process), runs it, and waits until /readyz answers 200. The
// process gets env and nothing of the test's own environment, with these defaults: ADDR at a free port, DATABASE_URL
// of the tests' server, and a fresh DATABASE_SCHEMA. Give AMQP_URL of a virtual host of the test's own. When the test
// ends the process is killed; if the test failed, its log is shown. A service that does not get ready fails the test.
func Start(t testing.TB, name string, env map[string]string) *Process {
	t.Helper()
	p := Launch(t, name, env)
	p.WaitReady(t)
	return p
}

// Launch is Start without waiting: for a service that is expected not to get ready.
func Launch(t testing.TB, name string, env map[string]string) *Process {
	t.Helper()
	path, err := binary(name)
	require.NoError(t, err)
	environment := defaults(t, name, env)
	command := exec.Command(path)
	for key, value := range environment {
		command.Env = append(command.Env, key+"="+value)
	}
	p := &Process{
		Name: name, Addr: environment["ADDR"], URL: "http://" + environment["ADDR"],
		command: command, ended: make(chan struct{}),
	}
	command.Stdout, command.Stderr = &p.log, &p.log
	dieWithParent(command)
	require.NoError(t, command.Start())
	go p.wait()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("log of %s:\n%s", name, p.Log())
		}
	})
	return p
}

// Services without a database.
const (
	simulator = "stripe-simulator"
	console   = "console"
)

func defaults(t testing.TB, name string, env map[string]string) map[string]string {
	t.Helper()
	result := map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": os.Getenv("HOME"), "TMPDIR": os.TempDir(), "LOG_LEVEL": "debug",
	}
	maps.Copy(result, env)
	if result["ADDR"] == "" {
		result["ADDR"] = net.JoinHostPort("127.0.0.1", strconv.Itoa(FreePort(t)))
	}
	if name == simulator || name == console {
		return result
	}
	if result["DATABASE_URL"] == "" {
		result["DATABASE_URL"] = postgrestest.URL()
	}
	if result["DATABASE_SCHEMA"] == "" {
		result["DATABASE_SCHEMA"] = postgrestest.Schema(t)
	}
	return result
}

// FreePort returns a TCP port of 127.0.0.1 that nobody listens on.
func FreePort(t testing.TB) int {
	t.Helper()
	for {
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		address, ok := listener.Addr().(*net.TCPAddr)
		require.NoError(t, listener.Close())
		require.True(t, ok)
		if _, given := ports.LoadOrStore(address.Port, true); !given {
			return address.Port
		}
	}
}

// ports are those that FreePort has given away: the kernel likes to give a port again that has just become free.
var ports sync.Map //nolint:gochecknoglobals // tests that run side by side must not get the same
