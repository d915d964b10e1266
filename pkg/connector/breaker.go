package connector

import (
	"errors"
	"sync"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
)

const (
	// suspectAfter is how often a record has to fail, while others are answered in between, to be taken to fail by itself.
	// It says nothing about the remote any more, until it is answered.
	suspectAfter = 2
	maxSuspects  = 10_000 // remembered; when there are more, it is no longer about a few records
)

// breaker keeps an engine from asking a remote that does not work. It opens when the calls of several records in a row
// went unanswered, or at once when only an operator can help; then it lets one call through from time to time, and
// closes when one is answered. Records that fail again and again by themselves do not open it for long: a record that
// has not failed yet is tried before them, and does not wait for them.
type breaker struct {
	threshold int           // records without an answer that open it
	first     time.Duration // wait before the first probe after an outage began; doubles with each
	limit     time.Duration // longest wait, and the only one while an operator has to act

	mu       sync.Mutex
	failing  map[string]struct{} // local ids of the records that got no answer since the last one was given
	suspects map[string]int      // how often records have failed, each time while others were answered
	reason   string              // "" when closed
	class    Class
	since    time.Time
	fresh    probe // with a record that has not failed yet
	old      probe // with one that has
	closings int   // how often it has closed
}

func newBreaker(threshold int, first, limit time.Duration) *breaker {
	return &breaker{threshold: threshold, first: first, limit: limit, failing: map[string]struct{}{}, suspects: map[string]int{}}
}

// probe is a kind of call that is made while the breaker is open.
type probe struct {
	wait   time.Duration
	at     time.Time // the next one
	record string    // of the last one
	failed bool      // one has failed since the breaker opened
}

// allowance is which calls may be made now.
type allowance struct {
	probe      bool // the breaker is open: one call, if with a record of the kind that is allowed
	fresh, old bool
}

// allow returns which calls may be made now.
func (b *breaker) allow(now time.Time) allowance {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reason == "" {
		return allowance{}
	}
	return allowance{probe: true, fresh: !now.Before(b.fresh.at), old: !now.Before(b.old.at)}
}

// keepsBack reports whether no call is to be made for a record, though it was claimed: the breaker has opened since, and
// the record is no probe. Another replica may reach the remote.
func (b *breaker) keepsBack(record string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reason != "" && record != b.fresh.record && record != b.old.record
}

// probing notes that a record is tried while the breaker is open.
func (b *breaker) probing(record string, fresh bool, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &b.old
	if fresh {
		p = &b.fresh
	}
	p.record, p.at = record, now.Add(p.wait)
	if b.class == Operator {
		b.fresh.at, b.old.at = p.at, p.at // nothing depends on the record
	}
}

// answered notes that the remote answered a call for a record, or for none (""), if only to refuse something. True: that
// closed the breaker.
func (b *breaker) answered(record string) (closed bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if closed = b.reason != ""; closed {
		b.closings++
	}
	b.reason, b.class, b.fresh, b.old = "", "", probe{}, probe{}
	if len(b.suspects) >= maxSuspects {
		clear(b.suspects)
	}
	for other := range b.failing {
		b.suspects[other]++
	}
	clear(b.failing)
	delete(b.suspects, record)
	return closed
}

// failed notes a call for a record that failed in a way which need not be the record's fault. True: that opened the
// breaker.
func (b *breaker) failed(record string, failure *Error, now time.Time) (opened bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.reason != "":
		b.probed(record, failure, now)
		return false
	case failure.Class == Operator:
		b.open(failure, b.limit, now)
		return true
	case b.suspects[record] >= suspectAfter:
		return false
	}
	b.failing[record] = struct{}{}
	if len(b.failing) < b.threshold {
		return false
	}
	b.open(failure, b.first, now)
	return true
}

func (b *breaker) open(failure *Error, wait time.Duration, now time.Time) {
	b.reason, b.class, b.since = failure.Reason, failure.Class, now
	b.fresh = probe{wait: wait, at: now.Add(wait)}
	b.old = b.fresh
}

// probed makes the next probe of this kind wait for longer. Any other call was begun before the breaker opened.
func (b *breaker) probed(record string, failure *Error, now time.Time) {
	if failure.Class == Operator && b.class != Operator {
		b.open(failure, b.limit, now)
		return
	}
	for _, p := range []*probe{&b.fresh, &b.old} {
		if p.record == record {
			p.wait = min(2*p.wait, b.limit)
			p.at, p.failed, p.record = now.Add(p.wait), true, ""
			b.reason = failure.Reason
		}
	}
}

// doubted reports whether the breaker may be open only because of records that fail by themselves: nothing else has been
// tried since it opened.
func (b *breaker) doubted() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reason != "" && b.class == Transient && b.old.failed && !b.fresh.failed
}

// outages is how many have ended so far.
func (b *breaker) outages() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closings
}

// isOpen reports whether the breaker keeps calls back.
func (b *breaker) isOpen() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reason != ""
}

// state is what operators are shown.
func (b *breaker) state() admin.Breaker {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reason == "" {
		return admin.Breaker{}
	}
	return admin.Breaker{Open: true, Class: string(b.class), Reason: b.reason, Since: b.since.UTC()}
}

// ready is nil when the breaker is closed, else why it is open.
func (b *breaker) ready() error {
	if s := b.state(); s.Open {
		return errors.New(s.Reason)
	}
	return nil
}
