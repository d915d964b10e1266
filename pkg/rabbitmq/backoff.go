package rabbitmq

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	firstDelay = 50 * time.Millisecond
	lastDelay  = 2 * time.Second
)

// backoff grows from failure to failure, with jitter, so that many clients do not come back in step.
type backoff struct{ delay time.Duration }

func (b *backoff) reset() { b.delay = 0 }

// next is how long to wait after one more failure.
func (b *backoff) next() time.Duration {
	b.delay = min(max(2*b.delay, firstDelay), lastDelay)
	return b.delay/2 + rand.N(b.delay/2) //nolint:gosec // jitter needs no secrecy
}

// wait waits for the next delay. It returns false when ctx ended or stop was closed.
func (b *backoff) wait(ctx context.Context, stop <-chan struct{}) bool {
	timer := time.NewTimer(b.next())
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-stop:
		return false
	case <-timer.C:
		return true
	}
}
