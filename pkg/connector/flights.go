package connector

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// flights are the records that the workers of this process hold now. A worker's number is its place in the list.
type flights struct {
	mu        sync.Mutex
	places    []*flight // nil: an idle worker's
	busy      int
	abandoned bool // no call is waited for any more
}

// flight is one turn of a worker.
type flight struct {
	all      *flights
	worker   int
	recordID string
	began    time.Time
	revision int64 // of the control when the turn began
	op       string
	cancel   context.CancelFunc // of the call under way
}

// start notes a turn, in the first free place.
func (f *flights) start(recordID string, revision int64) *flight {
	f.mu.Lock()
	defer f.mu.Unlock()
	worker := slices.Index(f.places, nil)
	if worker < 0 {
		worker = len(f.places)
		f.places = append(f.places, nil)
	}
	f.busy++
	f.places[worker] = &flight{all: f, worker: worker, recordID: recordID, began: time.Now(), revision: revision}
	return f.places[worker]
}

// end takes the turn off the list.
func (f *flight) end() {
	f.all.mu.Lock()
	defer f.all.mu.Unlock()
	f.all.busy--
	f.all.places[f.worker] = nil
	for n := len(f.all.places); n > 0 && f.all.places[n-1] == nil; n-- {
		f.all.places = f.all.places[:n-1]
	}
}

// calling notes the call under way, and how to give it up. False: no call is to be begun any more.
func (f *flight) calling(op string, cancel context.CancelFunc) bool {
	f.all.mu.Lock()
	defer f.all.mu.Unlock()
	f.op, f.cancel = op, cancel
	return !f.all.abandoned
}

// called notes that the call has ended.
func (f *flight) called() {
	f.all.mu.Lock()
	defer f.all.mu.Unlock()
	f.op, f.cancel = "", nil
}

// abandon gives up all calls under way, and every further one.
func (f *flights) abandon() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.abandoned = true
	for _, flight := range f.places {
		if flight != nil && flight.cancel != nil {
			flight.cancel()
		}
	}
}

// givenUp reports whether abandon was called.
func (f *flights) givenUp() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.abandoned
}

func (f *flights) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.busy
}

// list is what the workers do now, and the oldest revision of the control that any of them began under; present when
// none is at work.
func (f *flights) list(present int64) (now []admin.InFlight, revision int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now = make([]admin.InFlight, 0, f.busy)
	for _, flight := range f.places {
		if flight == nil {
			continue
		}
		present = min(present, flight.revision)
		now = append(now, admin.InFlight{
			Worker: flight.worker + 1, RecordID: flight.recordID, Op: flight.op, ElapsedSeconds: time.Since(flight.began).Seconds(),
		})
	}
	return now, present
}
