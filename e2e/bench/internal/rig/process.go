package rig

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

const (
	patience = 30 * time.Second
	interval = 10 * time.Millisecond
)

// Process is a running program.
type Process struct {
	Name, Addr, URL string

	command *exec.Cmd
	log     string // path of what it wrote
	ended   chan struct{}
}

// start runs a program and waits until it is ready. The end of the scope kills it.
func (r *Rig) start(ctx context.Context, name string, env map[string]string) (*Process, error) {
	if env["ADDR"] == "" {
		addr, err := freeAddr(ctx)
		if err != nil {
			return nil, err
		}
		env["ADDR"] = addr
	}
	p := &Process{
		Name: name, Addr: env["ADDR"], URL: "http://" + env["ADDR"], ended: make(chan struct{}),
		log:     filepath.Join(r.config.Dir, r.fresh(name)+".log"),
		command: exec.CommandContext(context.WithoutCancel(ctx), filepath.Join(r.binaries, name)), //nolint:gosec // built above
	}
	profiles, err := r.profiles(ctx, env)
	if err != nil {
		return nil, err
	}
	for key, value := range env {
		p.command.Env = append(p.command.Env, key+"="+value)
	}
	output, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = output.Close() }()
	p.command.Stdout, p.command.Stderr = output, output
	dieWithParent(p.command)
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() { _ = p.command.Wait(); close(p.ended) }()
	r.later(func(context.Context) error {
		_ = p.command.Process.Kill()
		<-p.ended
		return os.Remove(p.log)
	})
	if err := p.awaitReady(ctx); err != nil {
		return nil, err
	}
	r.collect(name, profiles) //nolint:contextcheck // ends with the scope, not with its start
	return p, nil
}

func (p *Process) awaitReady(ctx context.Context) error {
	err := Until(ctx, p.Name+" is ready", func(ctx context.Context) (bool, error) {
		select {
		case <-p.ended:
			output, _ := os.ReadFile(p.log)
			return false, fmt.Errorf("%s ended:\n%s", p.Name, output)
		default:
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+"/readyz", http.NoBody)
		if err != nil {
			return false, err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, nil //nolint:nilerr // not there yet
		}
		return response.StatusCode == http.StatusOK, response.Body.Close()
	})
	if err != nil {
		output, _ := os.ReadFile(p.log)
		return fmt.Errorf("%w\n%s", err, output)
	}
	return nil
}

// Stop asks the program to stop and waits until it has.
func (p *Process) Stop(ctx context.Context) error {
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop %s: %w", p.Name, err)
	}
	return Until(ctx, p.Name+" has stopped", func(context.Context) (bool, error) {
		select {
		case <-p.ended:
			return true, nil
		default:
			return false, nil
		}
	})
}

// Freeze makes the program stand still, so that a backlog can be built up before it, and Thaw lets it go on.
func (p *Process) Freeze() error { return p.command.Process.Signal(syscall.SIGSTOP) }

// Thaw undoes Freeze.
func (p *Process) Thaw() error { return p.command.Process.Signal(syscall.SIGCONT) }

// Until waits for a condition.
func Until(ctx context.Context, what string, condition func(ctx context.Context) (bool, error)) error {
	return Within(ctx, patience, what, condition)
}

// Within waits for a condition, but no longer than so.
func Within(ctx context.Context, most time.Duration, what string, condition func(ctx context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		ok, err := condition(ctx)
		if err != nil || ok {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain until %s: %w", what, ctx.Err())
		case <-tick.C:
		}
	}
}

func freeAddr(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
