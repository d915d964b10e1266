// Package limits counts calls with token buckets, as Stripe's rate limiters do.
package limits

import (
	"sync"
	"time"
)

// Limiter holds one bucket per name. It is safe for concurrent use.
type Limiter struct {
	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

// New returns a limiter with full buckets.
func New() *Limiter { return &Limiter{buckets: map[string]*bucket{}} }

// Allow takes a token from each named bucket, or from none: then it returns the name of the one that was empty. A bucket
// holds what flows in within a second, at least one; a rate of 0 is no limit.
func (l *Limiter) Allow(now time.Time, wants ...Want) (ok bool, empty string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range wants {
		if w.Rate > 0 && l.bucket(now, w).tokens < 1 {
			return false, w.Name
		}
	}
	for _, w := range wants {
		if w.Rate > 0 {
			l.buckets[w.Name].tokens--
		}
	}
	return true, ""
}

// Want is a bucket to take a token from, and how many flow into it per second.
type Want struct {
	Name string
	Rate float64
}

func (l *Limiter) bucket(now time.Time, w Want) *bucket {
	size := max(w.Rate, 1)
	b := l.buckets[w.Name]
	if b == nil {
		b = &bucket{tokens: size, at: now}
		l.buckets[w.Name] = b
	}
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.tokens += passed * w.Rate
		b.at = now
	}
	b.tokens = min(b.tokens, size)
	return b
}

// Reset fills all buckets.
func (l *Limiter) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buckets = map[string]*bucket{}
}
