package ratelimit

import (
	"context"
	"time"

	"golang.org/x/time/rate"
)

// bulkShare of each limit is what calls that can wait may use together. The rest stays for the others, and the bursts
// that limits allow stay for them too.
const bulkShare = 0.75

// WaitBulk is Wait for a call that can wait: it leaves room for others.
func (l *Limiter) WaitBulk(ctx context.Context, endpoint string) error {
	if err := l.waitShare(ctx, "", l.Rate()); err != nil {
		return err
	}
	if err := l.waitShare(ctx, endpoint, l.EndpointRate(endpoint)); err != nil {
		return err
	}
	return l.Wait(ctx, endpoint)
}

// waitShare waits for its turn among the calls that can wait.
func (l *Limiter) waitShare(ctx context.Context, name string, full float64) error {
	now := time.Now()
	token := l.share(name, full, now).ReserveN(now, 1)
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

func (l *Limiter) share(name string, full float64, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	tokens := l.bulk[name]
	if tokens == nil {
		tokens = rate.NewLimiter(rate.Limit(full*bulkShare), 1)
		l.bulk[name] = tokens
	}
	tokens.SetLimitAt(now, rate.Limit(full*bulkShare))
	return tokens
}
