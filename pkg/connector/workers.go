package connector

import (
	"context"
	"errors"
	"log/slog"
	"sync"
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
	var workers sync.WaitGroup
	defer e.sayGoodbye(ctx)
	defer e.drain(&workers)
	// A start is a new chance: the key may be another one, the network mended.
	e.resume(ctx)
	e.takeBack(ctx)
	if err := e.Heartbeat(ctx); err != nil && ctx.Err() == nil {
		// Without knowing what operators want, nothing is done: it might be paused.
		e.o.Log.WarnContext(ctx, "no work until it is known what operators want", slog.Any("error", err))
	}
	workers.Go(func() { e.keepControl(ctx) })
	found := time.Now()
	for {
		free := e.room()
		links, err := e.claimNow(ctx, free)
		if err != nil && ctx.Err() == nil {
			e.o.Log.WarnContext(ctx, "cannot claim", slog.Any("error", err))
		}
		if len(links) > 0 {
			found = time.Now()
		}
		for _, l := range links {
			f := e.flights.start(l, e.wanted().Revision)
			workers.Go(func() {
				e.work(context.WithoutCancel(ctx), l, f)
				e.freed()
			})
		}
		if ctx.Err() != nil || (len(links) < free.all || free.all == 0) && !e.sleep(ctx, found) {
			return nil
		}
	}
}

// drain waits for the workers, but for no call that takes too long.
func (e *Engine) drain(workers *sync.WaitGroup) {
	timer := time.AfterFunc(e.o.DrainTimeout, e.flights.abandon)
	defer timer.Stop()
	workers.Wait()
}

// sayGoodbye takes this replica off the list of those that are live.
func (e *Engine) sayGoodbye(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := e.leave(ctx); err != nil {
		e.o.Log.WarnContext(ctx, "this replica stays on the list for some seconds", slog.Any("error", err))
	}
}

// room is how many more records may be claimed now.
func (e *Engine) room() lanes {
	if c := e.wanted(); c.Drain || c.unknown {
		return lanes{}
	}
	all, bulk := e.flights.room()
	return lanes{all: all, bulk: bulk}
}

// freed tells the loop that there is room.
func (e *Engine) freed() {
	select {
	case e.free <- struct{}{}:
	default:
	}
}

// sleep waits until there may be something to claim, and room for it; false when ctx ended. found is when there was
// something the last time.
func (e *Engine) sleep(ctx context.Context, found time.Time) bool {
	wake, freed, wait := e.wake, (chan struct{})(nil), poll
	if time.Since(found) > restless {
		wait = idlePoll
	}
	if e.room().all == 0 { // nothing is to be claimed, whatever there is
		wake, freed, wait = nil, e.free, time.Second
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-wake:
	case <-freed:
	case <-timer.C:
	}
	return true
}

// claimTimeout is how long a claim may take.
const claimTimeout = 10 * time.Second

// claimNow claims even if ctx ends meanwhile: a claim that is broken off may be made all the same, and nobody would
// work on what it took.
func (e *Engine) claimNow(ctx context.Context, free lanes) ([]*link, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimTimeout)
	defer cancel()
	return e.claimAllowed(ctx, free)
}

// claimAllowed claims as many links as the breaker allows. While it is open, that is one that has not failed yet, if
// there is one: what fails may be the records themselves.
func (e *Engine) claimAllowed(ctx context.Context, free lanes) ([]*link, error) {
	if e.unresumed.Load() {
		e.resume(ctx)
	}
	if free.all == 0 {
		return nil, nil
	}
	allowed := e.breaker.allow(time.Now())
	if !allowed.probe {
		return e.claim(ctx, claimSQL, free)
	}
	one := lanes{all: 1, bulk: min(1, free.bulk)}
	if allowed.fresh {
		if links, err := e.claim(ctx, claimFreshSQL, one); err != nil || len(links) > 0 {
			return e.probe(links, true), err
		}
	}
	if allowed.old {
		links, err := e.claim(ctx, claimSQL, one)
		return e.probe(links, false), err
	}
	return nil, nil
}

func (e *Engine) probe(links []*link, fresh bool) []*link {
	for _, l := range links {
		e.breaker.probing(l.LocalID, fresh, time.Now())
	}
	return links
}

// work brings one claimed link to rest.
func (e *Engine) work(ctx context.Context, l *link, f *flight) {
	defer f.end()
	j := &job{
		Engine: e, link: l, flight: f, was: l.report(),
		seenVersion: l.DesiredVersion, seenChecks: l.Checks, outages: e.breaker.outages(),
	}
	ctx, end := j.begun(ctx)
	err := j.reconcile(ctx)
	end(err)
	switch {
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
	links, err := e.claimAllowed(ctx, lanes{all: e.workers(), bulk: bulkWorkers(e.workers())})
	for _, l := range links {
		e.work(ctx, l, e.flights.start(l, e.wanted().Revision))
	}
	return len(links), err
}
