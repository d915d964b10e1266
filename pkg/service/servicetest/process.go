package servicetest

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	patience = time.Minute // a loaded machine is slow, not broken
	interval = 20 * time.Millisecond
)

// Process is a running service.
type Process struct {
	Name, Addr, URL string

	command *exec.Cmd
	log     output
	ended   chan struct{}
	err     error // how it ended; set before ended is closed
}

func (p *Process) wait() {
	p.err = p.command.Wait()
	close(p.ended)
}

// WaitReady waits until /readyz answers 200 and fails the test when it does not, or when the process ends.
func (p *Process) WaitReady(t testing.TB) {
	t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for !p.ready(t) {
		select {
		case <-p.ended:
			require.FailNow(t, "service ended while starting", "%s: %v\n%s", p.Name, p.err, p.Log())
		case <-deadline.C:
			require.FailNow(t, "service is not ready", "%s\n%s", p.Name, p.Log())
		case <-tick.C:
		}
	}
}

func (p *Process) ready(t testing.TB) bool {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+"/readyz", http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// Kill ends the process at once, as kill -9 does, and waits until it is gone.
func (p *Process) Kill() {
	_ = p.command.Process.Kill() // it may have ended
	<-p.ended
}

// Stop asks the process to stop, as an operator would, and waits. The test fails when it takes too long or the service
// reports a failure.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	require.NoError(t, p.command.Process.Signal(syscall.SIGTERM))
	require.NoError(t, p.Wait(t), "%s did not stop cleanly:\n%s", p.Name, p.Log())
}

// Wait waits until the process has ended by itself and returns how: nil, or an *exec.ExitError.
func (p *Process) Wait(t testing.TB) error {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		require.FailNow(t, "service did not end", "%s\n%s", p.Name, p.Log())
	}
	return p.err
}

// Signal sends the process a signal: SIGSTOP and SIGCONT make a zombie of it and wake it up.
func (p *Process) Signal(t testing.TB, signal os.Signal) {
	t.Helper()
	require.NoError(t, p.command.Process.Signal(signal))
}

// Log is everything that the process wrote so far.
func (p *Process) Log() string { return p.log.String() }

// output is a buffer for two streams and a reader.
type output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}
