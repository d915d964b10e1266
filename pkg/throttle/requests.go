package throttle

import (
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Requests limits how often each API key may ask. It is safe for concurrent use. Each replica counts for itself.
type Requests struct {
	perSecond float64
	burst     int

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
	swept   time.Time
}

// sweepAfter is how often the buckets of keys that were not used for a while are forgotten.
const sweepAfter = time.Minute

// NewRequests allows each key so many requests a second on average and twice as many at once. 0 sets no limit.
func NewRequests(perSecond float64) *Requests {
	return &Requests{
		perSecond: perSecond, burst: max(1, int(2*perSecond)), buckets: map[string]*rate.Limiter{},
	}
}

// Quota is what a key has left. The zero value is no limit.
type Quota struct {
	Limit     int           // requests that may come at once; 0: there is no limit
	Window    time.Duration // in which that many are allowed again
	Remaining int
	Wait      time.Duration // how long to wait before the next request; above 0 the present one is refused
}

// Take counts a request of a key.
func (r *Requests) Take(key string) Quota {
	if r.perSecond <= 0 {
		return Quota{}
	}
	now := time.Now()
	bucket := r.bucket(key, now)
	q := Quota{Limit: r.burst, Window: r.spent(float64(r.burst))}
	if !bucket.AllowN(now, 1) {
		q.Wait = r.spent(1 - bucket.TokensAt(now))
		return q
	}
	q.Remaining = int(bucket.TokensAt(now))
	return q
}

// spent is how long it takes to gather so many tokens.
func (r *Requests) spent(tokens float64) time.Duration {
	return time.Duration(max(tokens, 0) / r.perSecond * float64(time.Second))
}

// bucket returns the key's bucket. Only keys that were let in get here, so there are not more of them than there are
// keys; those that are full again need not be remembered.
func (r *Requests) bucket(key string, now time.Time) *rate.Limiter {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.swept) > sweepAfter {
		r.swept = now
		for k, b := range r.buckets {
			if b.TokensAt(now) >= float64(r.burst) {
				delete(r.buckets, k)
			}
		}
	}
	bucket, ok := r.buckets[key]
	if !ok {
		bucket = rate.NewLimiter(rate.Limit(r.perSecond), r.burst)
		r.buckets[key] = bucket
	}
	return bucket
}

// Headers gives the headers that tell a client its quota (draft-ietf-httpapi-ratelimit-headers) to set.
func (q Quota) Headers(set func(name, value string)) {
	if q.Limit == 0 {
		return
	}
	set("RateLimit-Policy", fmt.Sprintf(`"key";q=%d;w=%d`, q.Limit, seconds(q.Window)))
	set("RateLimit", fmt.Sprintf(`"key";r=%d;t=%d`, q.Remaining, seconds(q.Window-q.gathered())))
}

// gathered is the part of the window that what remains stands for.
func (q Quota) gathered() time.Duration {
	return time.Duration(float64(q.Window) * float64(q.Remaining) / float64(q.Limit))
}

// RetryAfter is the value of the header Retry-After for a wait.
func RetryAfter(wait time.Duration) string { return fmt.Sprint(max(1, seconds(wait))) }

// seconds rounds up: a client that comes a moment too early would be refused again.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
