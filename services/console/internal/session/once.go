package session

import (
	"context"
	"time"
)

// How long the outcome of an action is remembered. A form that carries a token of its own is done once for good, as far as
// people are concerned; the same button pressed again is meant again, unless it was a double click.
const (
	rememberToken = time.Hour
	rememberClick = 2 * time.Second
)

// once is an action that was done, or is being done; the outcome is there when done is closed.
type once struct {
	done    chan struct{}
	until   time.Time
	outcome any
	err     error
}

// Once does an action, unless it was just done or is under way: then its outcome is returned. token says whether what
// identifies the action is unique to one form. What was begun is brought to an end, also when ctx ends.
func (s *Session) Once(ctx context.Context, what string, token bool, act func(context.Context) (any, error)) (any, error) {
	o, mine := s.enter(what, token)
	if mine {
		defer close(o.done)
		o.outcome, o.err = act(context.WithoutCancel(ctx))
		if o.err != nil {
			s.leave(what)
		}
		return o.outcome, o.err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-o.done:
		return o.outcome, o.err
	}
}

func (s *Session) enter(what string, token bool) (o *once, mine bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for key, old := range s.done {
		if now.After(old.until) {
			delete(s.done, key)
		}
	}
	if o, ok := s.done[what]; ok {
		return o, false
	}
	remember := rememberClick
	if token {
		remember = rememberToken
	}
	o = &once{done: make(chan struct{}), until: now.Add(remember)}
	s.done[what] = o
	return o, true
}

// leave forgets an action that failed: it may be tried again.
func (s *Session) leave(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.done, what)
}
