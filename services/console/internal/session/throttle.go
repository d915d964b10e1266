package session

import (
	"sync"
	"time"
)

// Guesses that one address has, and after how long it has them again.
const (
	guesses      = 10
	guessesAfter = time.Minute
)

// Throttle slows down whoever tries passwords. It is safe for concurrent use.
type Throttle struct {
	mu     sync.Mutex
	failed map[string][]time.Time
}

// NewThrottle returns one that has seen nobody fail.
func NewThrottle() *Throttle { return &Throttle{failed: map[string][]time.Time{}} }

// Wait returns how long from has to wait before it may try again; 0 when it may now.
func (t *Throttle) Wait(from string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	recent := t.recent(from)
	if len(recent) < guesses {
		return 0
	}
	return time.Until(recent[0].Add(guessesAfter))
}

// Failed notes a failed try.
func (t *Throttle) Failed(from string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for other := range t.failed {
		if len(t.recent(other)) == 0 {
			delete(t.failed, other)
		}
	}
	t.failed[from] = append(t.recent(from), time.Now())
}

func (t *Throttle) recent(from string) []time.Time {
	all := t.failed[from]
	for len(all) > 0 && time.Since(all[0]) > guessesAfter {
		all = all[1:]
	}
	return all
}
