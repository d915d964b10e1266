package outbox

import (
	"context"
	"time"
)

// measureEvery keeps the looking for the oldest message from costing anything.
const measureEvery = time.Second

// age knows how old the oldest message is, also while the database cannot be asked.
type age struct {
	asked time.Time
	since time.Time // of the oldest message; zero: there is none
}

// measure brings the metric up to date after a batch.
func (r *Relay) measure(ctx context.Context, done outcome, failed error) {
	now := time.Now()
	empty := failed == nil && !done.locked && done.rows < r.o.Batch && done.sent == done.rows && len(r.routes.failed) == 0
	switch {
	case empty:
		r.age.since = time.Time{}
	case now.Sub(r.age.asked) >= measureEvery:
		r.age.asked = now
		if oldest, none, err := Stats(ctx, r.db); err == nil {
			r.age.since = now.Add(-oldest)
			if none {
				r.age.since = time.Time{}
			}
		}
	}
	if r.age.since.IsZero() {
		r.metrics.oldest.Set(0)
	} else {
		r.metrics.oldest.Set(now.Sub(r.age.since).Seconds())
	}
}
