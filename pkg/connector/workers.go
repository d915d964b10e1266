package connector

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// poll is how often an engine looks for due links that nothing woke it for: those of other replicas, and retries.
const poll = 250 * time.Millisecond

// Run claims and works off due links until ctx ends, then waits for its workers to finish the record they hold.
func (e *Engine) Run(ctx context.Context) error {
	var workers sync.WaitGroup
	defer workers.Wait()
	// A start is a new chance: the key may be another one, the network mended.
	e.resume(ctx)
	e.takeBack(ctx)
	idle := make(chan struct{}, e.o.Workers) // one token for each idle worker
	for range e.o.Workers {
		idle <- struct{}{}
	}
	for {
		limit := e.waitForIdle(ctx, idle)
		if limit == 0 {
			return nil
		}
		links, err := e.claimAllowed(ctx, limit)
		if err != nil && ctx.Err() == nil {
			e.o.Log.WarnContext(ctx, "cannot claim", slog.Any("error", err))
		}
		for _, l := range links {
			workers.Go(func() {
				e.work(context.WithoutCancel(ctx), l)
				idle <- struct{}{}
			})
		}
		for range limit - len(links) {
			idle <- struct{}{}
		}
		if len(links) < limit && !e.sleep(ctx) {
			return nil
		}
	}
}

// waitForIdle takes the tokens of all idle workers, at least one; 0 when ctx ended.
func (e *Engine) waitForIdle(ctx context.Context, idle chan struct{}) (taken int) {
	select {
	case <-ctx.Done():
		return 0
	case <-idle:
		taken = 1
	}
	for {
		select {
		case <-idle:
			taken++
		default:
			return taken
		}
	}
}

// sleep waits until there may be something to claim; false when ctx ended.
func (e *Engine) sleep(ctx context.Context) bool {
	timer := time.NewTimer(poll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-e.wake:
	case <-timer.C:
	}
	return true
}

// claimAllowed claims as many links as the breaker allows.
func (e *Engine) claimAllowed(ctx context.Context, limit int) ([]*link, error) {
	if e.unresumed.Load() {
		e.resume(ctx)
	}
	limit = e.breaker.allow(limit, time.Now())
	if limit == 0 {
		return nil, nil
	}
	links, err := e.claim(ctx, limit)
	if len(links) == 0 {
		e.breaker.untried(time.Now())
	}
	return links, err
}

// work brings one claimed link to rest.
func (e *Engine) work(ctx context.Context, l *link) {
	e.metrics.busy.Inc()
	defer e.metrics.busy.Dec()
	defer e.enter(l)()
	j := &job{
		Engine: e, link: l, was: l.report(),
		seenVersion: l.DesiredVersion, seenChecks: l.Checks, outages: e.breaker.outages(),
	}
	err := j.reconcile(ctx)
	switch {
	case errors.Is(err, errLeaseLost):
		e.metrics.lost.Inc()
	case err != nil:
		e.o.Log.WarnContext(ctx, "cannot write back", slog.String("local_id", l.LocalID), slog.Any("error", err))
	}
}

// RunOnce claims what is due, at most one record for each worker, and works it off in this goroutine. It returns how
// many records it worked on.
func (e *Engine) RunOnce(ctx context.Context) (worked int, err error) {
	links, err := e.claimAllowed(ctx, e.o.Workers)
	for _, l := range links {
		e.work(ctx, l)
	}
	return len(links), err
}
