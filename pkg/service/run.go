package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// Loop is something that runs as long as the service does.
type Loop struct {
	Name string
	// Run blocks until ctx ends and everything it started has ended; then it returns nil. Returning before that, with
	// an error or without, stops the service.
	Run func(ctx context.Context) error
}

// running is a started loop.
type running struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{}
	err    error // set before done is closed
}

// Run starts the loops in their order and blocks. When ctx ends, or a loop does, they are stopped in the reverse order,
// one after another: a loop is told to stop when the ones after it have ended. So a loop may rely on every loop before
// it. All of it takes at most deadline; what has not ended by then is named in the error and left behind.
func Run(ctx context.Context, log *slog.Logger, deadline time.Duration, loops ...Loop) error {
	ended := make(chan *running, len(loops))
	started := make([]*running, 0, len(loops))
	for _, loop := range loops {
		started = append(started, start(ctx, loop, ended))
	}
	log.InfoContext(ctx, "started")
	var failure error
	select {
	case <-ctx.Done():
		log.InfoContext(ctx, "stopping", slog.Duration("deadline", deadline))
	case r := <-ended:
		failure = r.failure()
		log.ErrorContext(ctx, "stopping because a part failed", slog.String("part", r.name), slog.Any("error", failure))
	}
	begun := time.Now()
	err := stop(started, deadline)
	if failure == nil && err == nil {
		log.InfoContext(ctx, "stopped", slog.Duration("took", time.Since(begun).Round(time.Millisecond)))
	}
	return errors.Join(failure, err)
}

func start(ctx context.Context, loop Loop, ended chan<- *running) *running {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	r := &running{name: loop.Name, cancel: cancel, done: make(chan struct{})}
	go func() {
		r.err = loop.Run(own)
		close(r.done)
		ended <- r
	}()
	return r
}

// failure is the error of a loop that ended without being told to.
func (r *running) failure() error {
	if r.err == nil {
		return fmt.Errorf("%s: ended by itself", r.name)
	}
	return fmt.Errorf("%s: %w", r.name, r.err)
}

// stop ends the loops one by one, last first, and reports errors of stopping.
func stop(started []*running, deadline time.Duration) error {
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	var failures []error
	for i, r := range slices.Backward(started) {
		failed := closed(r.done)
		r.cancel()
		select {
		case <-r.done:
			if r.err != nil && !failed {
				failures = append(failures, fmt.Errorf("stop %s: %w", r.name, r.err))
			}
		case <-timer.C:
			return errors.Join(append(failures, abandon(started[:i+1], deadline))...)
		}
	}
	return errors.Join(failures...)
}

// abandon tells the loops that are left to stop, without waiting for them.
func abandon(left []*running, deadline time.Duration) error {
	var names []string
	for _, r := range slices.Backward(left) {
		r.cancel()
		if !closed(r.done) {
			names = append(names, r.name)
		}
	}
	return fmt.Errorf("not stopped within %s: %s", deadline, strings.Join(names, ", "))
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
