package outbox

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

// Publisher publishes messages and returns an error for each, in their order: nil when it is confirmed and routed.
type Publisher interface {
	Publish(ctx context.Context, msgs []rabbitmq.Message) []error
}

// RelayOptions have useful zero values.
type RelayOptions struct {
	Log     *slog.Logger
	Poll    time.Duration         // how often to look for what nobody called Wake for: another replica's rows; default 1s
	Batch   int                   // rows published in one transaction; default 256
	Metrics prometheus.Registerer // nil: not registered
}

// Relay publishes the outbox. Any number of relays may work on one outbox; one at a time is active.
type Relay struct {
	db        *gorm.DB
	publisher Publisher
	o         RelayOptions
	metrics   *metrics
	woken     chan struct{}
	routes    *routes
	age       age
	polling   bool // nobody called Wake: most likely there is nothing
	failing   bool // nothing can be published; logged
}

// NewRelay returns a relay for the outbox in db. Run or RunOnce do the work; call only one of them at a time.
func NewRelay(db *gorm.DB, p Publisher, o RelayOptions) *Relay {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Poll <= 0 {
		o.Poll = time.Second
	}
	if o.Batch <= 0 {
		o.Batch = 256
	}
	return &Relay{
		db: db, publisher: p, o: o, metrics: newMetrics(o.Metrics), woken: make(chan struct{}, 1), routes: newRoutes(o.Log),
	}
}

// Wake makes Run look at once. Call it after a commit that appended messages. It never blocks.
func (r *Relay) Wake() {
	select {
	case r.woken <- struct{}{}:
	default: // a wake-up that was not seen yet covers this one
	}
}

const (
	firstDelay = 20 * time.Millisecond
	lastDelay  = time.Second
	lockDelay  = 30 * time.Millisecond // another relay has the lock: it is done with its batch soon

	// A batch costs the same for many messages as for one. Where several came in during the last one, more are on their
	// way, and it pays to let them come.
	gatherFrom  = 4
	gatherDelay = 4 * time.Millisecond
)

// Run publishes until ctx ends, then returns nil. Failures are logged once, and tried again with a backoff.
func (r *Relay) Run(ctx context.Context) error {
	delay := firstDelay
	for ctx.Err() == nil {
		delay = r.turn(ctx, delay)
	}
	return nil
}

// turn publishes one batch and sleeps until the next. It returns how long to sleep if that fails.
func (r *Relay) turn(ctx context.Context, delay time.Duration) time.Duration {
	done, err := r.batch(ctx)
	if ctx.Err() != nil {
		return delay // what failed was interrupted
	}
	r.report(ctx, err)
	r.measure(ctx, done, err)
	switch {
	case err != nil:
		r.sleep(ctx, delay, nil) // waking would not help
		return min(2*delay, lastDelay)
	case done.rows == r.o.Batch: // there may be more
	case done.locked:
		r.sleep(ctx, lockDelay, r.woken)
	case done.rows >= gatherFrom:
		r.sleep(ctx, gatherDelay, nil)
	default:
		r.sleep(ctx, min(r.o.Poll, r.routes.untilNext(time.Now())), r.woken)
	}
	return firstDelay
}

// RunOnce publishes one batch, if no other relay is at work, and returns how many messages were confirmed and deleted.
// The error says why the batch as a whole failed; messages that were sent all the same are counted. A message that alone
// cannot be published is no error: it stays.
func (r *Relay) RunOnce(ctx context.Context) (sent int, err error) {
	done, err := r.batch(ctx)
	return done.sent, err
}

func (r *Relay) sleep(ctx context.Context, d time.Duration, woken <-chan struct{}) {
	r.polling = false
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-woken:
	case <-timer.C:
		r.polling = woken != nil
	}
}

// report logs a failure when it is new, and its end.
func (r *Relay) report(ctx context.Context, err error) {
	switch {
	case err == nil && r.failing:
		r.o.Log.InfoContext(ctx, "the outbox is published again")
		r.failing = false
	case err != nil && !r.failing:
		r.o.Log.WarnContext(ctx, "the outbox cannot be published; messages are kept", slog.Any("error", err))
		r.failing = true
	}
}
