package connector

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// poll is how often an engine looks for due links that nothing woke it for: those of other replicas, and retries. When
// it has found nothing for some time, what it may find is in less of a hurry: first tries are woken for, and delays
// between later ones are long.
const (
	poll     = 250 * time.Millisecond
	idlePoll = time.Second
	restless = 5 * time.Second // how long after its last link an engine looks often
)

// Run claims and works off due links until ctx ends, then waits for its workers to finish the record they hold. A call
// that takes longer than the drain timeout is given up; it is made again, under the same key, after the restart.
func (e *Engine) Run(ctx context.Context) error {
	defer e.sayGoodbye(ctx)
	defer e.drain()
	// A start is a new chance: the key may be another one, the network mended.
	e.resume(ctx)
	e.takeBack(ctx)
	if err := e.Heartbeat(ctx); err != nil && ctx.Err() == nil {
		// Without knowing what operators want, nothing is done: it might be paused.
		e.o.Log.WarnContext(ctx, "no work until it is known what operators want", slog.Any("error", err))
	}
	e.claims.workers.Go(func() { e.keepControl(ctx) })
	found := time.Now()
	for {
		claimed, left, err := e.claimDue(ctx)
		if err != nil && ctx.Err() == nil {
			e.o.Log.WarnContext(ctx, "cannot claim", slog.Any("error", err))
		}
		if claimed > 0 {
			found = time.Now()
		}
		if !e.sleep(ctx, found, left) {
			return nil
		}
	}
}

// drain waits for the workers, but for no call that takes too long.
func (e *Engine) drain() {
	timer := time.AfterFunc(e.o.DrainTimeout, e.flights.abandon)
	defer timer.Stop()
	e.claims.end()
}

// begin hands claimed links to goroutines, which Run waits for. o is the transaction that has claimed them, or nil when that
// has ended.
func (e *Engine) begin(ctx context.Context, links []*link, o *opening) {
	for _, l := range links {
		f := e.flights.start(l, e.wanted().Revision)
		e.claims.workers.Go(func() {
			e.work(context.WithoutCancel(ctx), l, f, o)
			e.freed()
		})
	}
}

// sayGoodbye takes this replica off the list of those that are live.
func (e *Engine) sayGoodbye(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := e.leave(ctx); err != nil {
		e.o.Log.WarnContext(ctx, "this replica stays on the list for some seconds", slog.Any("error", err))
	}
}

// freed tells the loop that there is room.
func (e *Engine) freed() {
	select {
	case e.free <- struct{}{}:
	default:
	}
}

// A claim costs the same for many records as for one. Where there is no room, it waits until a quarter of the workers have
// ended, but not for long: they are busy with what else is in hand.
const (
	gatherShare = 4
	gatherDelay = 10 * time.Millisecond
)

// sleep waits until there may be something to claim, and room for it; false when ctx ended. found is when there was
// something the last time, and left the room that is there.
func (e *Engine) sleep(ctx context.Context, found time.Time, left lanes) bool {
	wake, freed, wait := e.wake, (chan struct{})(nil), poll
	room := func() int { return e.room().all }
	if time.Since(found) > restless {
		wait = idlePoll
	}
	switch {
	case left.all <= 0: // nothing is to be claimed, whatever there is
		wake, freed, wait = nil, e.free, time.Second
	case left.bulk <= 0:
		freed, room = e.free, func() int { return e.room().bulk }
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	var gathered <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return false
		case <-wake:
			return true
		case <-timer.C:
			return true
		case <-freed:
			if room() >= max(1, e.workers()/gatherShare) {
				return true
			}
			if gathered == nil {
				gathered = time.After(gatherDelay)
			}
		case <-gathered:
			if room() > 0 {
				return true
			}
			gathered = nil
		}
	}
}

// work brings one claimed link to rest.
func (e *Engine) work(ctx context.Context, l *link, f *flight, o *opening) {
	defer f.end()
	j := &job{
		Engine: e, link: l, flight: f, opening: o, was: l.report(),
		seenVersion: l.DesiredVersion, seenChecks: l.Checks, outages: e.breaker.outages(),
	}
	ctx, end := j.begun(ctx)
	err := j.reconcile(ctx)
	if open := j.commitOpening(ctx); err == nil { // of a turn that could not even say what to write
		err = open
	}
	end(err)
	switch {
	case errors.Is(err, errNotOpened):
	case errors.Is(err, errLeaseLost):
		e.metrics.lost.Inc()
	case err != nil:
		e.o.Log.WarnContext(ctx, "cannot write back", slog.String("local_id", l.LocalID), slog.Any("error", err))
	}
	if e.breaker.doubted() {
		e.askAround(ctx)
	}
}

// askAround makes a call that has to do with no record. When it is answered, it is the records that fail and not the
// remote: they go on failing, each after its own delays, and hold nobody back.
func (e *Engine) askAround(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, e.o.CallTimeout)
	defer cancel()
	if _, err := e.o.Remote.List(ctx, ""); err == nil && e.breaker.answered("") {
		e.o.Log.WarnContext(ctx, "the remote works; some records fail again and again by themselves: see the failures")
	}
}

// RunOnce claims what is due, at most one record for each worker, and works it off in this goroutine. It returns how
// many records it worked on. It obeys what operators want as of the last Refresh.
func (e *Engine) RunOnce(ctx context.Context) (worked int, err error) {
	links, err := e.claim(ctx, lanes{all: e.workers(), bulk: bulkWorkers(e.workers())})
	for _, l := range links {
		e.work(ctx, l, e.flights.start(l, e.wanted().Revision), nil)
	}
	return len(links), err
}
