package connector

import (
	"context"
	"time"
)

// pace spreads records over time.
type pace struct {
	rate  float64 // per second; 0: as fast as possible
	began time.Time
	given float64
}

func newPace(rate float64) *pace { return &pace{rate: rate, began: time.Now()} }

// next waits until at least one more record may be taken and returns how many may.
func (p *pace) next(ctx context.Context) (n int, err error) {
	if p.rate <= 0 {
		return walkBatch, ctx.Err()
	}
	wait := time.Duration((p.given+1)/p.rate*float64(time.Second)) - time.Since(p.began)
	timer := time.NewTimer(max(0, wait))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-timer.C:
	}
	n = max(1, min(walkBatch, int(time.Since(p.began).Seconds()*p.rate-p.given)))
	p.given += float64(n)
	return n, nil
}
