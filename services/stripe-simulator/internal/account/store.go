// Package account is the state of one simulated Stripe account: customers, what hangs on them, events, webhook endpoints
// and deliveries, for test mode and for live mode. Objects are immutable once stored: a change stores a new one, so
// readers use what they got without a lock.
package account

import (
	"sync"
	"time"
)

// APIVersion is the version that the account is pinned to and in which everything is rendered.
const APIVersion = "2023-10-16"

// Courier takes over what has to be delivered to webhook endpoints. Send is called with the account locked: it must not
// block and must not call back.
type Courier interface {
	Send(jobs []Job)
}

// Job is one event to be delivered to one endpoint.
type Job struct {
	Livemode   bool
	EventID    string
	EndpointID string
	Attempts   int       // made so far
	Since      time.Time // when the delivery came to be
	Due        time.Time // not before; zero: now
	Resend     bool      // a person asked for it: it goes out once, whatever its state
}

// Store holds both modes behind one lock. Its methods are safe for concurrent use.
type Store struct {
	now     func() time.Time
	lag     func() time.Duration
	courier Courier
	changed func()

	effects sync.RWMutex // held for reading while an effect and its idempotency record come into being
	mu      sync.RWMutex
	test    *Side
	live    *Side
}

// Options are what a Store needs from outside.
type Options struct {
	Now       func() time.Time     // the account's clock, which tests may shift
	SearchLag func() time.Duration // how long search does not see a change
	Courier   Courier
	Changed   func() // called after changes, with the account locked: must not block; may be nil
}

// New returns an empty account.
func New(o Options) *Store {
	s := &Store{now: o.Now, lag: o.SearchLag, courier: o.Courier, changed: o.Changed}
	if s.changed == nil {
		s.changed = func() {}
	}
	s.test, s.live = newSide(s, false), newSide(s, true)
	return s
}

// Side returns the objects of one mode.
func (s *Store) Side(livemode bool) *Side {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if livemode {
		return s.live
	}
	return s.test
}

// Effect runs f so that a snapshot holds either all that f does or nothing of it.
func (s *Store) Effect(f func()) {
	s.effects.RLock()
	defer s.effects.RUnlock()
	f()
}

// Still runs f while no Effect is running.
func (s *Store) Still(f func()) {
	s.effects.Lock()
	defer s.effects.Unlock()
	f()
}

// Reset forgets everything.
func (s *Store) Reset() {
	s.Still(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.test.clear()
		s.live.clear()
		s.changed()
	})
}

// Side is one mode of the account: test or live. The two know nothing of each other's objects.
type Side struct {
	store    *Store
	livemode bool

	customers     map[string]*row
	order         []*row // oldest first, deleted ones included
	byEmail       map[string][]*row
	marks         map[string]int // how many customers were ever created with a mark
	subscriptions []*Subscription
	invoices      []*Invoice
	events        []*Event // oldest first
	eventIndex    map[string]*Event
	deliveries    map[string][]*Delivery // by event
	endpoints     []*Endpoint
	positions     int64
	counts        Counts
}

func newSide(s *Store, livemode bool) *Side {
	side := &Side{store: s, livemode: livemode}
	side.clear()
	return side
}

func (d *Side) clear() {
	*d = Side{
		store: d.store, livemode: d.livemode,
		customers: map[string]*row{}, byEmail: map[string][]*row{}, marks: map[string]int{},
		eventIndex: map[string]*Event{}, deliveries: map[string][]*Delivery{},
	}
}

// Livemode tells the mode.
func (d *Side) Livemode() bool { return d.livemode }

// Now is the account's time in whole seconds, as it is written into objects.
func (d *Side) Now() int64 { return d.store.now().Unix() }

func (d *Side) next() int64 {
	d.positions++
	return d.positions
}

// Origin says which call caused a change. The zero Origin is a change made by a person or by Stripe itself.
type Origin struct {
	RequestID string
	Key       string
}
