package connector

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// flights are the records that this process holds now, and the workers that make the calls for them. A worker makes one
// call at a time. There are more records than workers: what comes before a call and after it is done while the workers
// are busy with the calls for others.
type flights struct {
	mu        sync.Mutex
	held      map[*flight]struct{}
	workers   int
	places    []*flight // who makes a call: a worker's number is its place in the list; nil: an idle worker's
	busy      int       // workers
	bulkBusy  int       // of these, with a bulk record
	waiting   []*flight // for a worker, the first one first
	admitted  int       // so far
	abandoned bool      // no call is waited for any more
}

// flight is one turn at one record.
type flight struct {
	all      *flights
	recordID string
	bulk     bool
	revision int64         // of the control when the turn began
	worker   int           // place of the worker that makes the call, or made the last one
	began    time.Time     // when that worker took it
	op       string        // of the call under way
	giveUp   func()        // the call under way, or the waiting for a worker
	boarded  chan struct{} // closed when there is a worker
}

func newFlights(workers int) *flights {
	return &flights{held: map[*flight]struct{}{}, workers: workers}
}

// start notes a turn.
func (f *flights) start(l *link, revision int64) *flight {
	turn := &flight{all: f, recordID: l.LocalID, bulk: l.Bulk, revision: revision}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held[turn] = struct{}{}
	return turn
}

// end takes the turn off the list.
func (f *flight) end() {
	f.all.mu.Lock()
	defer f.all.mu.Unlock()
	delete(f.all.held, f)
}

// board waits for a worker that makes a call; giveUp breaks the call off. False: no call is to be begun any more.
func (f *flight) board(ctx context.Context, op string, giveUp func()) bool {
	boarded := f.queue(op, giveUp)
	select {
	case <-boarded:
		if !f.all.givenUp() {
			return true
		}
	case <-ctx.Done():
	}
	f.leave()
	return false
}

func (f *flight) queue(op string, giveUp func()) (boarded <-chan struct{}) {
	f.all.mu.Lock()
	defer f.all.mu.Unlock()
	f.op, f.giveUp, f.boarded = op, giveUp, make(chan struct{})
	f.all.waiting = append(f.all.waiting, f)
	f.all.admit()
	return f.boarded
}

// leave notes that the call has ended, or is not waited for.
func (f *flight) leave() {
	f.all.mu.Lock()
	defer f.all.mu.Unlock()
	f.op, f.giveUp = "", nil
	f.all.waiting = slices.DeleteFunc(f.all.waiting, func(other *flight) bool { return other == f })
	f.all.free(f)
	f.all.admit()
}

// free makes the worker of a turn idle, if it has one.
func (f *flights) free(turn *flight) {
	if turn.worker >= len(f.places) || f.places[turn.worker] != turn {
		return
	}
	f.busy--
	if turn.bulk {
		f.bulkBusy--
	}
	f.places[turn.worker] = nil
	for n := len(f.places); n > 0 && f.places[n-1] == nil; n-- {
		f.places = f.places[:n-1]
	}
}

// admit gives idle workers to those who wait. Live records come first, and bulk ones never get all workers.
func (f *flights) admit() {
	for f.busy < f.workers {
		next := slices.IndexFunc(f.waiting, func(turn *flight) bool { return !turn.bulk })
		if f.bulkBusy < bulkWorkers(f.workers) && (next < 0 || (f.admitted+1)%bulkTurn == 0) {
			if bulk := slices.IndexFunc(f.waiting, func(turn *flight) bool { return turn.bulk }); bulk >= 0 {
				next = bulk
			}
		}
		if next < 0 {
			return
		}
		turn := f.waiting[next]
		f.waiting = slices.Delete(f.waiting, next, next+1)
		f.give(turn)
	}
}

// give lets an idle worker make the call of a turn.
func (f *flights) give(turn *flight) {
	f.admitted++
	f.busy++
	if turn.bulk {
		f.bulkBusy++
	}
	turn.worker = slices.Index(f.places, nil)
	if turn.worker < 0 {
		turn.worker = len(f.places)
		f.places = append(f.places, nil)
	}
	f.places[turn.worker], turn.began = turn, time.Now()
	close(turn.boarded)
}

// resize sets how many workers there are. Where there are too many, some go when they have ended their calls.
func (f *flights) resize(workers int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.workers = workers
	f.admit()
}

// abandon gives up all calls under way, and every further one.
func (f *flights) abandon() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.abandoned = true
	for turn := range f.held {
		if turn.giveUp != nil {
			turn.giveUp()
		}
	}
}

// givenUp reports whether abandon was called.
func (f *flights) givenUp() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.abandoned
}

// room is how many more records may be held, and how many of them may be bulk ones: twice as many as there are workers,
// half of them for live records alone. It is nothing for a while after workers were taken away.
func (f *flights) room() (all, bulk int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	bulkHeld := 0
	for turn := range f.held {
		if turn.bulk {
			bulkHeld++
		}
	}
	all = max(0, 2*f.workers-len(f.held))
	return all, min(all, max(0, f.workers-bulkHeld))
}

// list is what the workers do now, and the oldest revision of the control that any turn began under; present when none
// is under way.
func (f *flights) list(present int64) (now []admin.InFlight, revision int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for turn := range f.held {
		present = min(present, turn.revision)
	}
	now = make([]admin.InFlight, 0, f.busy)
	for _, turn := range f.places {
		if turn == nil {
			continue
		}
		now = append(now, admin.InFlight{
			Worker: turn.worker + 1, RecordID: turn.recordID, Op: turn.op, ElapsedSeconds: time.Since(turn.began).Seconds(),
		})
	}
	return now, present
}
