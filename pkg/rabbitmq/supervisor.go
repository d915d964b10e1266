package rabbitmq

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// refresh is how often the topology is declared anew: a binding that somebody deleted makes no noise, its messages just
// stop coming.
const refresh = 5 * time.Second

// supervisor keeps one connection up: on any loss it throws everything away and dials again.
type supervisor struct {
	o    Options
	name string // of the connection
	log  *slog.Logger

	mu      sync.Mutex
	session *session      // nil while there is none
	changed chan struct{} // closed and replaced whenever session changes
	problem error         // why there is none, or what is wrong with the topology
}

func newSupervisor(o Options, purpose string) *supervisor {
	name := o.Name + " " + purpose
	return &supervisor{
		o: o, name: name, log: o.Log.With(slog.String("connection", name)),
		changed: make(chan struct{}), problem: fmt.Errorf("%w yet", ErrNotConnected),
	}
}

// run returns when ctx has ended and the connection is closed.
func (v *supervisor) run(ctx context.Context) {
	var pause backoff
	for ctx.Err() == nil {
		began := time.Now()
		err := v.connect(ctx)
		if ctx.Err() == nil {
			v.report(ctx, err)
		}
		if time.Since(began) > lastDelay {
			pause.reset()
		}
		pause.wait(ctx, nil)
	}
}

// connect dials, declares, and stays until the connection is lost or ctx ends.
func (v *supervisor) connect(ctx context.Context) error {
	conn, err := dial(ctx, v.o.URL, v.name)
	if err != nil {
		return err
	}
	s := newSession(conn)
	defer s.close()
	if err := s.declare(ctx, v.o.Topology); err != nil {
		return err
	}
	v.set(s)
	v.log.InfoContext(ctx, "connected to RabbitMQ")
	defer v.set(nil) // before close, which may take a while
	return v.hold(ctx, s)
}

// hold keeps the topology declared until the connection is lost or ctx ends.
func (v *supervisor) hold(ctx context.Context, s *session) error {
	ticker := time.NewTicker(refresh)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.done:
			return s.lost()
		case <-ticker.C:
			err := s.declare(ctx, v.o.Topology)
			if ctx.Err() == nil && !s.conn.IsClosed() {
				v.report(ctx, err)
			}
		}
	}
}

// report notes a problem, or that there is none, and logs it when it is new.
func (v *supervisor) report(ctx context.Context, problem error) {
	v.mu.Lock()
	was := v.problem
	v.problem = problem
	v.mu.Unlock()
	switch {
	case problem == nil && was != nil:
		v.log.InfoContext(ctx, "RabbitMQ is as it should be again")
	case problem != nil && (was == nil || was.Error() != problem.Error()):
		v.log.WarnContext(ctx, "RabbitMQ is not usable", slog.Any("error", problem))
	}
}

func (v *supervisor) set(s *session) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.session = s
	if s != nil {
		v.problem = nil
	}
	close(v.changed)
	v.changed = make(chan struct{})
}

// current returns the session, or ErrNotConnected.
func (v *supervisor) current() (*session, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.session == nil {
		return nil, ErrNotConnected
	}
	return v.session, nil
}

// await returns the session as soon as there is one; nil when ctx ended first.
func (v *supervisor) await(ctx context.Context) *session {
	for {
		v.mu.Lock()
		s, changed := v.session, v.changed
		v.mu.Unlock()
		if s != nil {
			return s
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// ready returns nil when connected, declared and not blocked; else a sentence.
func (v *supervisor) ready() error {
	v.mu.Lock()
	s, problem := v.session, v.problem
	v.mu.Unlock()
	if problem != nil {
		return problem
	}
	if s == nil {
		return ErrNotConnected
	}
	if _, why := s.whenBlocked(); why != "" {
		return fmt.Errorf("%w: %s", ErrBlocked, why)
	}
	return nil
}
