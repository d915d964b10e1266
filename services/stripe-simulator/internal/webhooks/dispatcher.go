// Package webhooks delivers events to webhook endpoints: signed, many at once, in no order, again and again until one
// is answered with 2xx.
package webhooks

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/knobs"
)

// maxInFlight is how many deliveries one endpoint gets at once.
const maxInFlight = 32

// Dispatcher is the account's courier. It is safe for concurrent use.
type Dispatcher struct {
	knobs  *knobs.Knobs
	log    *slog.Logger
	client *http.Client
	wake   chan struct{}

	mu    sync.Mutex
	queue queue
	lanes map[string]*lane // by endpoint
	era   int              // tasks of an earlier era are forgotten
}

// lane keeps an endpoint from taking everybody's share.
type lane struct {
	inFlight int
	waiting  []task
}

// New returns a dispatcher that keeps what it is sent until Run.
func New(k *knobs.Knobs, log *slog.Logger) *Dispatcher {
	d := &Dispatcher{
		knobs: k, log: log, wake: make(chan struct{}, 1), lanes: map[string]*lane{},
		client: &http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: maxInFlight, MaxIdleConns: 4 * maxInFlight, IdleConnTimeout: time.Minute},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a redirect is a failure
		},
	}
	k.Watch(d.poke)
	return d
}

// Send implements account.Courier: the knobs decide now what becomes of each job.
func (d *Dispatcher) Send(jobs []account.Job) {
	s, now := d.knobs.Get(), time.Now()
	d.mu.Lock()
	for _, job := range jobs {
		t := task{job: job, due: now}
		if job.Attempts > 0 {
			t.due = job.Due // it goes on after a restart
			d.queue.push(t)
			continue
		}
		delay := knobs.Milliseconds(s.WebhookDelayMS)
		t.due = now.Add(delay + knobs.UpTo(knobs.Milliseconds(s.WebhookReorder)))
		t.drop = !job.Resend && knobs.Chance(s.WebhookDropRate)
		d.queue.push(t)
		if !t.drop && knobs.Chance(s.WebhookDuplicateRate) {
			t.job.Resend = true
			t.due = now.Add(delay + knobs.UpTo(knobs.Milliseconds(s.WebhookReorder)))
			d.queue.push(t)
		}
	}
	d.mu.Unlock()
	d.poke()
}

// Clear forgets everything that waits.
func (d *Dispatcher) Clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.era++
	d.queue = queue{}
	for _, l := range d.lanes {
		l.waiting = nil
	}
}

func (d *Dispatcher) poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends and what it began is over.
func (d *Dispatcher) Run(ctx context.Context, store *account.Store) error {
	var attempts sync.WaitGroup
	defer attempts.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		ready, era, next, more := d.take(time.Now())
		for _, t := range ready {
			attempts.Go(func() { d.work(ctx, store.Side(t.job.Livemode), t, era) })
		}
		if more {
			timer.Reset(time.Until(next))
		} else {
			timer.Stop()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-d.wake:
		case <-timer.C:
		}
	}
}

// take returns the tasks to begin now, and when the next one is due.
func (d *Dispatcher) take(now time.Time) (ready []task, era int, next time.Time, more bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.knobs.Get().WebhooksPaused {
		return nil, d.era, time.Time{}, false // turning the knob wakes
	}
	for {
		t, ok := d.queue.pop(now)
		if !ok {
			break
		}
		l := d.lane(t.job.EndpointID)
		if l.inFlight >= maxInFlight {
			l.waiting = append(l.waiting, t)
			continue
		}
		l.inFlight++
		ready = append(ready, t)
	}
	next, more = d.queue.next()
	return ready, d.era, next, more
}

func (d *Dispatcher) lane(endpointID string) *lane {
	l := d.lanes[endpointID]
	if l == nil {
		l = &lane{}
		d.lanes[endpointID] = l
	}
	return l
}

// work makes one attempt and puts the task back when it has to be tried again.
func (d *Dispatcher) work(ctx context.Context, side *account.Side, t task, era int) {
	again := false
	if t.drop {
		side.Drop(t.job)
	} else {
		t, again = d.attempt(ctx, side, t)
	}
	d.mu.Lock()
	if again && era == d.era {
		d.queue.push(t)
	}
	l := d.lane(t.job.EndpointID)
	l.inFlight--
	if len(l.waiting) > 0 {
		d.queue.push(l.waiting[0])
		l.waiting = l.waiting[1:]
	}
	d.mu.Unlock()
	d.poke()
}
