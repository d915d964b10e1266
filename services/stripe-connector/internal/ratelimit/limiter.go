// Package ratelimit keeps calls below the limits of a remote: one for the whole account and one for each endpoint. It
// learns: a limit that the remote says was hit is halved, and grows back while all is well.
package ratelimit

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Scope says which limit the remote found exceeded.
type Scope int

// The scopes.
const (
	Unknown  Scope = iota // the remote does not say: it may be either
	Account               // the limit of the account
	Endpoint              // the limit of the endpoint
	Neither               // something else, contention on one object for example
)

// Limiter is safe for concurrent use.
type Limiter struct {
	account    *bucket
	configured float64 // of the account
	perPoint   float64

	mu        sync.Mutex
	endpoints map[string]*bucket
	bulk      map[string]*bulk // by endpoint; "" is the account
}

// New takes the limits in calls per second, both above 0.
func New(account, endpoint float64) *Limiter {
	return &Limiter{
		account: newBucket(account), configured: account, perPoint: endpoint,
		endpoints: map[string]*bucket{}, bulk: map[string]*bulk{},
	}
}

// SetRate changes the limit of the account from the next call on; 0 goes back to the one that New was given.
func (l *Limiter) SetRate(perSecond float64) {
	if perSecond <= 0 {
		perSecond = l.configured
	}
	l.account.set(perSecond, time.Now())
}

// TooLong is returned when a call would have to wait for longer than its deadline allows.
type TooLong struct {
	After time.Duration // when there is room for the call
}

// Error implements error.
func (e *TooLong) Error() string {
	return fmt.Sprintf("the rate limit leaves no room for this call before %s from now", e.After.Round(time.Millisecond))
}

// Wait blocks until a call of the endpoint is within the limits. It returns *TooLong at once when that would take more
// than half of the time that ctx has left (the call itself needs the rest), and ctx's error when it ends meanwhile.
func (l *Limiter) Wait(ctx context.Context, endpoint string) error {
	for {
		delay, err := l.reserve(ctx, endpoint)
		if err != nil {
			return err
		}
		if delay <= 0 {
			return nil
		}
		if err := sleep(ctx, delay); err != nil {
			return err
		}
		if !l.paused(endpoint) {
			return nil
		}
		// The remote asked for a pause while this call was waiting: queue again behind it.
	}
}

func (l *Limiter) reserve(ctx context.Context, endpoint string) (time.Duration, error) {
	now := time.Now()
	tokens := [...]reservation{l.account.reserve(now), l.endpoint(endpoint).reserve(now)}
	delay := max(tokens[0].delay, tokens[1].delay)
	deadline, limited := ctx.Deadline()
	if !limited || delay <= max(0, deadline.Sub(now)/2) {
		return delay, nil
	}
	for _, token := range tokens {
		token.cancel(now)
	}
	return 0, &TooLong{After: delay}
}

// Hit tells that a call of the endpoint, started at the given time, was refused because of a limit. The limit is halved,
// once for all calls that were under way together, and no call is made for the given pause (0: none).
func (l *Limiter) Hit(endpoint string, scope Scope, started time.Time, pause time.Duration) {
	now := time.Now()
	if scope == Account || scope == Unknown {
		l.account.hit(now, started, pause)
	}
	if scope == Endpoint || scope == Unknown {
		l.endpoint(endpoint).hit(now, started, pause)
	}
}

// Rate returns the present limit of the account in calls per second.
func (l *Limiter) Rate() float64 { return l.account.rate(time.Now()) }

// EndpointRate returns the present limit of an endpoint in calls per second.
func (l *Limiter) EndpointRate(endpoint string) float64 { return l.endpoint(endpoint).rate(time.Now()) }

func (l *Limiter) paused(endpoint string) bool {
	now := time.Now()
	return l.account.pausedAt(now) || l.endpoint(endpoint).pausedAt(now)
}

func (l *Limiter) endpoint(name string) *bucket {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.endpoints[name]
	if b == nil {
		b = newBucket(l.perPoint)
		l.endpoints[name] = b
	}
	return b
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
