package syncstate

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
)

// pollEvery is how often a waiter looks by itself: the report may have been stored by another replica, which cannot
// wake it.
const pollEvery = 100 * time.Millisecond

// Waiters lets requests wait until reports about a customer arrive. It is safe for concurrent use.
type Waiters struct {
	mu      sync.Mutex
	waiting map[uuid.UUID]map[chan struct{}]struct{}
}

// NewWaiters returns an empty set.
func NewWaiters() *Waiters {
	return &Waiters{waiting: map[uuid.UUID]map[chan struct{}]struct{}{}}
}

// Wake makes everybody who waits for one of these customers look again. It never blocks.
func (w *Waiters) Wake(customers ...uuid.UUID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range customers {
		for woken := range w.waiting[id] {
			select {
			case woken <- struct{}{}:
			default: // it has been woken and has not looked yet
			}
		}
	}
}

// Wait calls done at once, after every Wake for the customer, and every now and then, until it returns true or an
// error, or ctx ends. It reports whether done ever was true; the end of ctx is no error.
func (w *Waiters) Wait(ctx context.Context, customer uuid.UUID, done func(ctx context.Context) (bool, error)) (bool, error) {
	woken := make(chan struct{}, 1)
	w.add(customer, woken)
	defer w.remove(customer, woken)
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		ok, err := done(ctx)
		if ok || ctx.Err() != nil {
			return ok, nil
		}
		if err != nil {
			return false, err
		}
		select {
		case <-ctx.Done():
			return false, nil
		case <-woken:
		case <-ticker.C:
		}
	}
}

func (w *Waiters) add(customer uuid.UUID, woken chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting[customer] == nil {
		w.waiting[customer] = map[chan struct{}]struct{}{}
	}
	w.waiting[customer][woken] = struct{}{}
}

func (w *Waiters) remove(customer uuid.UUID, woken chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.waiting[customer], woken)
	if len(w.waiting[customer]) == 0 {
		delete(w.waiting, customer)
	}
}
