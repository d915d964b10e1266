package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Process is a service that can be killed and started again. Its methods are safe for concurrent use.
type Process struct {
	Name, Addr string
	LogFile    string

	path string
	env  []string

	mu    sync.Mutex
	life  *life // the present one; nil when it does not run
	exits []string
}

// life is one run of the program.
type life struct {
	command *exec.Cmd
	ended   chan struct{}
	asked   bool // we ended it
}

func newProcess(name, path, dir, addr string, env map[string]string) *Process {
	p := &Process{Name: name, Addr: addr, LogFile: filepath.Join(dir, name+".log"), path: path}
	for _, inherited := range []string{"PATH", "HOME"} {
		p.env = append(p.env, inherited+"="+os.Getenv(inherited)) //nolint:forbidigo // handed on, not read
	}
	p.env = append(p.env, "ADDR="+addr, "LOG_LEVEL=debug", "TMPDIR="+dir)
	for key, value := range env {
		p.env = append(p.env, key+"="+value)
	}
	return p
}

// Start runs the program, unless it runs already.
func (p *Process) Start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life != nil {
		return nil
	}
	log, err := os.OpenFile(p.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	defer func() { _ = log.Close() }() // the program has its own
	command := exec.Command(p.path)    //nolint:gosec,noctx // our own binary, which lives until it is killed
	command.Env, command.Stdout, command.Stderr = p.env, log, log
	dieWithParent(command)
	if err := command.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	p.life = &life{command: command, ended: make(chan struct{})}
	go p.watch(p.life)
	return nil
}

// watch waits for the end of a life.
func (p *Process) watch(l *life) {
	err := l.command.Wait()
	p.mu.Lock()
	if !l.asked {
		p.exits = append(p.exits, fmt.Sprintf("%s %s ended by itself: %v", time.Now().Format(time.TimeOnly), p.Name, err))
	}
	if p.life == l {
		p.life = nil
	}
	p.mu.Unlock()
	close(l.ended)
}

func (p *Process) runs() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.life != nil
}

// Exits tells each time that the program ended although nobody had asked it to.
func (p *Process) Exits() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.exits
}

// Kill is kill -9. It returns when the process is gone; false: it did not run.
func (p *Process) Kill() bool {
	l, err := p.signalEnd(syscall.SIGKILL)
	if err != nil {
		return false
	}
	<-l.ended
	return true
}

// ErrNotRunning is for a process that does not run.
var ErrNotRunning = errors.New("it does not run")

// Stop asks the process to stop and waits until it has. Errors: ErrNotRunning.
func (p *Process) Stop(ctx context.Context) error {
	l, err := p.signalEnd(syscall.SIGTERM)
	if err != nil {
		return err
	}
	select {
	case <-l.ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s did not stop: %w", p.Name, ctx.Err())
	}
}

// signalEnd sends the present life a signal that will end it.
func (p *Process) signalEnd(signal syscall.Signal) (*life, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life == nil {
		return nil, ErrNotRunning
	}
	p.life.asked = true
	if err := p.life.command.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return nil, fmt.Errorf("end %s: %w", p.Name, err)
	}
	return p.life, nil
}

// Freeze stops the process where it is (SIGSTOP); Thaw lets it go on.
func (p *Process) Freeze() { p.signal(syscall.SIGSTOP) }

// Thaw lets a frozen process go on. It does nothing to one that is not frozen.
func (p *Process) Thaw() { p.signal(syscall.SIGCONT) }

func (p *Process) signal(s syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.life != nil {
		_ = p.life.command.Process.Signal(s) // it may be gone
	}
}

// URL is the base address of the service.
func (p *Process) URL() string { return "http://" + p.Addr }

// WaitReady waits until /readyz answers 200, or the process ends by itself.
func (p *Process) WaitReady(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL()+"/readyz", http.NoBody)
		if err != nil {
			return fmt.Errorf("ask %s: %w", p.Name, err)
		}
		err = exchange(request, nil)
		if err == nil {
			return nil
		}
		if !p.runs() {
			return fmt.Errorf("%s has ended by itself, see %s", p.Name, p.LogFile)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready, see %s: %w", p.Name, p.LogFile, err)
		case <-tick.C:
		}
	}
}
