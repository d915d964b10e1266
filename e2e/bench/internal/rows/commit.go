package rows

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/datasync-dev/datasync/e2e/bench/internal/load"
	"github.com/datasync-dev/datasync/e2e/bench/internal/report"
	"github.com/datasync-dev/datasync/e2e/bench/internal/rig"
)

// commit measures the time from the answer to a write until Stripe has the call, at two rates.
func commit(ctx context.Context, b *Bench) ([]report.Row, error) {
	ours, floor, err := b.pair(ctx)
	if err != nil {
		return nil, err
	}
	slow, err := b.commitAt(ctx, ours, floor, 20, 3*time.Second, report.AtMost(3).And(report.Below(5)), report.Below(20))
	if err != nil {
		return nil, err
	}
	fast, err := b.commitAt(ctx, ours, floor, 500, time.Second, report.Goal{}, report.Goal{})
	return append(slow, fast...), err
}

func (b *Bench) commitAt(
	ctx context.Context, ours, floor end, rate float64, d time.Duration, p50Goal, p99Goal report.Goal,
) ([]report.Row, error) {
	var p50, p99, cpu sample
	round := func(e end, p50, p99, cpu *[]float64) func(bool) error {
		return func(counts bool) error {
			delays, used, err := b.delays(ctx, e, rate, d)
			if err != nil || !counts {
				return err
			}
			*p50 = append(*p50, load.Quantile(delays, 0.5))
			*p99 = append(*p99, load.Quantile(delays, 0.99))
			*cpu = append(*cpu, load.Milliseconds(used)/float64(len(delays)))
			return nil
		}
	}
	err := b.alternate(round(ours, &p50.ours, &p99.ours, &cpu.ours), round(floor, &p50.floor, &p99.floor, &cpu.floor))
	at := fmt.Sprintf("commit to Stripe at %.0f/s: ", rate)
	rows := []report.Row{p50.row(at+"p50 ms", p50Goal), p99.row(at+"p99 ms", p99Goal)}
	if rate >= 100 { // below, what the broker does for others is more
		rows = append(rows, cpu.row(at+"CPU ms/customer, with its echo", report.Goal{}))
	}
	return rows, err
}

// delays makes customers at a rate and returns, in ms, how much later than the client's answer Stripe got each.
func (b *Bench) delays(ctx context.Context, e end, rate float64, d time.Duration) (delays []float64, used time.Duration, err error) {
	before, err := e.created(ctx)
	if err != nil {
		return nil, 0, err
	}
	answered := &times{at: map[string]time.Time{}}
	target := creates(e.entry)
	target.Answered = answered.note
	used, err = b.cost(ctx, e.Side, func() error {
		if _, err := load.Steady(ctx, target, 32, rate, d); err != nil {
			return err
		}
		err := rig.Until(ctx, "Stripe has all customers", func(ctx context.Context) (bool, error) {
			now, err := e.created(ctx)
			return now-before >= len(answered.at), err
		})
		if err != nil {
			return err
		}
		return e.settle(ctx)
	})
	if err != nil {
		return nil, 0, err
	}
	arrived, _, err := e.arrivals(ctx, 4*len(answered.at))
	for id, at := range answered.at {
		if there, ok := arrived[id]; ok {
			delays = append(delays, max(0, load.Milliseconds(there.Sub(at))))
		}
	}
	if err == nil && len(delays) < len(answered.at) {
		err = fmt.Errorf("only %d of %d customers are in the log of calls", len(delays), len(answered.at))
	}
	return delays, used, err
}

// times are the times of answers, by the id of the customer in them.
type times struct {
	mu sync.Mutex
	at map[string]time.Time
}

func (t *times) note(_ int, body []byte, at time.Time) {
	_, rest, _ := bytes.Cut(body, []byte(`"id":"`))
	if len(rest) < 36 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at[string(rest[:36])] = at
}

// roundTrip measures a create that waits until Stripe is done.
func roundTrip(ctx context.Context, b *Bench) ([]report.Row, error) {
	ours, floor, err := b.pair(ctx)
	if err != nil {
		return nil, err
	}
	var p50, p99 sample
	round := func(e end, p50, p99 *[]float64) func(bool) error {
		return func(counts bool) error {
			outcome, err := load.Steady(ctx, creates(e.entry, "Prefer", "wait=5"), 4, 25, 2*time.Second)
			if err != nil || !counts {
				return err
			}
			*p50 = append(*p50, load.Milliseconds(load.Quantile(outcome.Latencies, 0.5)))
			*p99 = append(*p99, load.Milliseconds(load.Quantile(outcome.Latencies, 0.99)))
			return nil
		}
	}
	err = b.alternate(round(ours, &p50.ours, &p99.ours), round(floor, &p50.floor, &p99.floor))
	return []report.Row{
		p50.row("round trip, Prefer: wait=5: p50 ms", report.Below(10)), p99.row("round trip, Prefer: wait=5: p99 ms", report.Goal{}),
	}, err
}
