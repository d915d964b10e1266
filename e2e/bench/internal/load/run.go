package load

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Target is what is put under load: request number i, and the status that its answer must have.
type Target struct {
	Addr    string
	Request func(i int) Request
	Status  int
	// Answered, if not nil, is called with each body, which it must not keep, from many goroutines.
	Answered func(i int, body []byte, at time.Time)
}

// Outcome is what a run came to.
type Outcome struct {
	Count     int
	Took      time.Duration
	Latencies []time.Duration // one for each request
}

// Rate is answers per second.
func (o Outcome) Rate() float64 { return float64(o.Count) / o.Took.Seconds() }

// FlatOut keeps conns connections busy for a time: each sends its next request when it has the answer to the last.
func FlatOut(ctx context.Context, t Target, conns int, d time.Duration) (Outcome, error) {
	var next atomic.Int64
	return run(ctx, t, conns, func(start time.Time) (int, time.Time, bool) {
		now := time.Now()
		return int(next.Add(1) - 1), now, now.Sub(start) < d && ctx.Err() == nil
	})
}

// Times sends count requests over conns connections as fast as the answers come.
func Times(ctx context.Context, t Target, conns, count int) (Outcome, error) {
	var next atomic.Int64
	return run(ctx, t, conns, func(time.Time) (int, time.Time, bool) {
		i := int(next.Add(1) - 1)
		return i, time.Now(), i < count && ctx.Err() == nil
	})
}

// Steady sends requests at a rate, whether the answers come or not, over at most conns connections. Latencies count
// from when a request was due, so that waiting for a free connection is part of them.
func Steady(ctx context.Context, t Target, conns int, rate float64, d time.Duration) (Outcome, error) {
	var next atomic.Int64
	return run(ctx, t, conns, func(start time.Time) (int, time.Time, bool) {
		i := int(next.Add(1) - 1)
		after := time.Duration(float64(i) / rate * float64(time.Second))
		if after >= d {
			return i, start, false
		}
		due := start.Add(after)
		return i, due, pause(ctx, time.Until(due))
	})
}

func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// turn says which request is next, from when on it counts, and whether there is one.
type turn func(start time.Time) (i int, due time.Time, more bool)

func run(ctx context.Context, t Target, conns int, next turn) (Outcome, error) {
	connections := make([]*conn, conns)
	for i := range connections {
		c, err := dial(ctx, t.Addr)
		if err != nil {
			return Outcome{}, err
		}
		defer func() { _ = c.socket.Close() }()
		connections[i] = c
	}
	var (
		group     sync.WaitGroup
		latencies = make([][]time.Duration, conns)
		failures  = make([]error, conns)
		start     = time.Now()
	)
	for n, c := range connections {
		group.Go(func() { latencies[n], failures[n] = t.requests(c, start, next) })
	}
	group.Wait()
	o := Outcome{Took: time.Since(start)}
	for _, some := range latencies {
		o.Latencies = append(o.Latencies, some...)
	}
	o.Count = len(o.Latencies)
	return o, errors.Join(failures...)
}

func (t Target) requests(c *conn, start time.Time, next turn) (latencies []time.Duration, err error) {
	for {
		i, due, more := next(start)
		if !more {
			return latencies, nil
		}
		status, body, err := c.do(t.Request(i))
		if err != nil {
			return latencies, fmt.Errorf("request %d: %w", i, err)
		}
		if status != t.Status {
			return latencies, fmt.Errorf("request %d: status %d: %s", i, status, body)
		}
		now := time.Now()
		latencies = append(latencies, now.Sub(due))
		if t.Answered != nil {
			t.Answered(i, body, now)
		}
	}
}
