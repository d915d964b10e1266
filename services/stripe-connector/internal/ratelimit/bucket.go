package ratelimit

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	burstShare    = 5    // a fifth of a second's calls may be made at once
	recoveryShare = 0.05 // of the full rate is won back each second
	floorShare    = 16   // the rate never falls below a sixteenth
)

// bucket is one limit.
type bucket struct {
	mu      sync.Mutex
	full    float64 // calls per second when all is well
	tokens  *rate.Limiter
	reduced float64   // the rate that the last hit left
	hitAt   time.Time // when that was; zero: never
	resumes time.Time // no call before this
}

func newBucket(full float64) *bucket {
	return &bucket{full: full, tokens: rate.NewLimiter(rate.Limit(full), burst(full))}
}

func burst(full float64) int { return max(1, int(full/burstShare)) }

// set changes the rate when all is well. What the remote has made us reduce stays reduced, and grows to the new rate.
func (b *bucket) set(full float64, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if full == b.full {
		return
	}
	if !b.hitAt.IsZero() {
		b.reduced, b.hitAt = min(b.current(now), full), now
	}
	b.full = full
	b.tokens.SetLimitAt(now, rate.Limit(b.current(now)))
	b.tokens.SetBurstAt(now, burst(full))
}

// reservation is a place in the queue.
type reservation struct {
	token *rate.Reservation
	delay time.Duration
}

func (r reservation) cancel(now time.Time) { r.token.CancelAt(now) }

func (b *bucket) reserve(now time.Time) reservation {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := now
	if b.resumes.After(at) {
		at = b.resumes // queue up from the end of the pause on
	}
	b.tokens.SetLimitAt(at, rate.Limit(b.current(at)))
	token := b.tokens.ReserveN(at, 1)
	return reservation{token, token.DelayFrom(now)}
}

// untilSpare is how long it takes until a call leaves half of the burst to others.
func (b *bucket) untilSpare(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.resumes.After(now) {
		return 0 // reserve sees to that
	}
	perSecond := b.current(now)
	b.tokens.SetLimitAt(now, rate.Limit(perSecond))
	missing := float64(1+b.tokens.Burst()/2) - b.tokens.TokensAt(now)
	return time.Duration(missing / perSecond * float64(time.Second))
}

// hit halves the rate, unless the call was started before the last time: then it says nothing about the new rate.
func (b *bucket) hit(now, started time.Time, pause time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if resumes := now.Add(pause); resumes.After(b.resumes) {
		b.resumes = resumes
	}
	if started.Before(b.hitAt) {
		return
	}
	b.reduced = max(b.current(now)/2, b.full/floorShare)
	b.hitAt = now
}

// current is the rate at a time: it grows back evenly after a hit.
func (b *bucket) current(at time.Time) float64 {
	if b.hitAt.IsZero() {
		return b.full
	}
	return min(b.full, b.reduced+b.full*recoveryShare*max(0, at.Sub(b.hitAt).Seconds()))
}

func (b *bucket) rate(now time.Time) float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.current(now)
}

func (b *bucket) pausedAt(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.resumes.After(now)
}
