package connector

import (
	"errors"
	"sync"
)

// streak is a series of failures of the same thing, so that it is logged once when it begins and once when it ends.
type streak struct {
	mu  sync.Mutex
	err error
}

// note takes the outcome of one try. began and ended report whether it is the first failure, or the first success after
// one. A try that was not ours to make says nothing.
func (s *streak) note(err error) (began, ended bool) {
	if errors.Is(err, errNotOurTurn) {
		return false, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	began, ended = s.err == nil && err != nil, s.err != nil && err == nil
	s.err = err
	return began, ended
}

// last is the outcome of the last try.
func (s *streak) last() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
