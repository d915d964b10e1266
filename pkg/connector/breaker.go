package connector

import (
	"errors"
	"sync"
	"time"
)

// breaker keeps an engine from asking a remote that does not work. It opens when the calls of several records in a row
// went unanswered, or at once when only an operator can help; then it lets one call through from time to time, and
// closes when one is answered. One record that fails again and again does not open it.
type breaker struct {
	threshold int           // records without an answer that open it
	first     time.Duration // wait before the first probe after an outage began; doubles with each
	limit     time.Duration // longest wait, and the only one while an operator has to act

	mu       sync.Mutex
	failing  map[string]struct{} // local ids of the records that got no answer since the last one was given
	reason   string              // "" when closed
	wait     time.Duration
	until    time.Time
	probing  bool
	closings int // how often it has closed
}

// allow returns how many of n calls may be made now.
func (b *breaker) allow(n int, now time.Time) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reason == "" {
		return n
	}
	if now.Before(b.until) {
		return 0
	}
	b.probing, b.until = true, now.Add(b.wait)
	return 1
}

// untried takes back what allow allowed: there was no record to try. The next one that comes need not wait.
func (b *breaker) untried(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.probing {
		b.probing, b.until = false, now
	}
}

// answered notes that the remote answered, if only to refuse something. True: that closed the breaker.
func (b *breaker) answered() (closed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	closed = b.reason != ""
	if closed {
		b.closings++
	}
	b.reason, b.wait, b.probing = "", 0, false
	clear(b.failing)
	return closed
}

// failed notes a call for a record that failed in a way which need not be the record's fault. True: that opened the
// breaker.
func (b *breaker) failed(record string, class Class, reason string, now time.Time) (opened bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reason == "" { // open, it needs no more counting
		b.failing[record] = struct{}{}
	}
	switch {
	case class == Operator:
		b.wait = b.limit
	case b.reason == "" && len(b.failing) < b.threshold:
		return false
	case b.reason == "":
		b.wait = b.first
	case b.probing:
		b.wait = min(2*b.wait, b.limit)
	default:
		return false // begun before the breaker opened
	}
	opened = b.reason == ""
	b.reason, b.until, b.probing = reason, now.Add(b.wait), false
	return opened
}

// outages is how many have ended so far.
func (b *breaker) outages() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closings
}

// open reports whether the breaker keeps calls back.
func (b *breaker) open() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reason != ""
}

// ready is nil when the breaker is closed, else why it is open.
func (b *breaker) ready() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reason == "" {
		return nil
	}
	return errors.New(b.reason)
}
