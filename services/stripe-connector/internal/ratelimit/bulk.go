package ratelimit

import (
	"context"
	"time"

	"golang.org/x/time/rate"
)

const (
	// bulkShare of each limit is what calls that can wait may use together. The rest stays for the others.
	bulkShare = 0.75
	// leastShare is what they get when the others need all of a limit, so that they are never stopped for good.
	leastShare = 1.0 / 16
)

// WaitBulk is Wait for a call that can wait: it leaves room for others. Besides a share of each limit, those have half of the
// burst that it allows: a call that can wait does so until more than that is left.
func (l *Limiter) WaitBulk(ctx context.Context, endpoint string) error {
	if err := l.waitShare(ctx, "", l.Rate()); err != nil {
		return err
	}
	if err := l.waitShare(ctx, endpoint, l.EndpointRate(endpoint)); err != nil {
		return err
	}
	done, err := l.yield(ctx, endpoint)
	if err != nil {
		return err
	}
	defer done()
	return l.Wait(ctx, endpoint)
}

// bulk is what calls that can wait have of one limit.
type bulk struct {
	tokens *rate.Limiter
	turn   chan struct{} // full while one of them is at the limit
}

// waitShare waits for its turn among the calls that can wait.
func (l *Limiter) waitShare(ctx context.Context, name string, full float64) error {
	now := time.Now()
	tokens := l.share(name).tokens
	tokens.SetLimitAt(now, rate.Limit(full*bulkShare))
	token := tokens.ReserveN(now, 1)
	delay := token.DelayFrom(now)
	deadline, limited := ctx.Deadline()
	if limited && delay > max(0, deadline.Sub(now)/2) {
		token.CancelAt(now)
		return &TooLong{After: delay}
	}
	if delay <= 0 {
		return nil
	}
	return sleep(ctx, delay)
}

func (l *Limiter) share(name string) *bulk {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bulk[name]
	if b == nil {
		b = &bulk{tokens: rate.NewLimiter(0, 1), turn: make(chan struct{}, 1)}
		l.bulk[name] = b
	}
	return b
}

// yield waits until no other call that can wait is at the endpoint's limit, and then while the rest needs what the limits
// leave. It has to be ended with done.
func (l *Limiter) yield(ctx context.Context, endpoint string) (done func(), err error) {
	longest := time.Duration(float64(time.Second) / (leastShare * min(l.Rate(), l.EndpointRate(endpoint))))
	deadline, limited := ctx.Deadline()
	var late <-chan time.Time
	if limited { // as with Wait, the call itself needs half of the time
		late = time.After(time.Until(deadline) / 2)
	}
	turn := l.share(endpoint).turn
	select {
	case turn <- struct{}{}:
	case <-late:
		return nil, &TooLong{After: longest}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	done = func() { <-turn }
	until := time.Now().Add(longest)
	// Then it queues up with the others: Wait puts it off if that leaves too little time for the call.
	if latest := deadline.Add(-longest); limited && latest.Before(until) {
		until = latest
	}
	for {
		now := time.Now()
		delay := min(max(l.account.untilSpare(now), l.endpoint(endpoint).untilSpare(now)), until.Sub(now))
		if delay <= 0 {
			return done, nil
		}
		if err := sleep(ctx, delay); err != nil {
			done()
			return nil, err
		}
	}
}
