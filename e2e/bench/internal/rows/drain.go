package rows

import (
	"context"
	"fmt"
	"time"

	"github.com/datasync-dev/datasync/e2e/bench/internal/load"
	"github.com/datasync-dev/datasync/e2e/bench/internal/report"
)

// cpuBound is the rate from which on it is the CPU, and not the workers' waiting, that may be the limit: there the floor
// is measured too.
const cpuBound = 400

const (
	drainTime     = 2500 * time.Millisecond
	drainTimeFull = 25 * time.Second
	drainMost     = 1200 // customers in a backlog
	drainFull     = 20_000
)

// drain measures how fast a backlog is worked off, by Stripe's latency and by the number of workers.
func drain(ctx context.Context, b *Bench) (rows []report.Row, err error) {
	for _, latency := range []time.Duration{0, 50 * time.Millisecond, 150 * time.Millisecond} {
		for _, workers := range []int{3, 32, 128} {
			err := b.Rig.Scope(ctx, func() error {
				some, err := b.drainWith(ctx, latency, workers)
				rows = append(rows, some...)
				return err
			})
			if err != nil {
				return rows, err
			}
		}
	}
	return rows, nil
}

func (b *Bench) drainWith(ctx context.Context, latency time.Duration, workers int) ([]report.Row, error) {
	name := fmt.Sprintf("drain, %d workers, %s: ", workers, latency)
	count, most, goal, limit := min(drainMost, 100*workers), drainTime, report.AtLeast(0.6), 0.0
	if b.Full {
		count, most = drainFull, drainTimeFull
	}
	if latency > 0 {
		limit = float64(workers) / latency.Seconds()
		count, goal = min(count, int(limit*most.Seconds())), limited(limit)
	}
	ours, err := b.datasync(ctx, workers, 1)
	if err != nil {
		return nil, err
	}
	ours.receiver.SetLatency(latency)
	if limit > 0 && limit < cpuBound {
		var rates, limits []float64
		for range b.Rounds {
			result, err := b.drain(ctx, ours, ours.backlog(count), count)
			if err != nil {
				return nil, err
			}
			rates = append(rates, result.rate)
			limits = append(limits, float64(workers)/ours.receiver.Latency().Seconds())
		}
		return []report.Row{report.New(name+"customers/s", rates, limits, report.AtLeast(0.95))}, nil
	}
	floor, err := b.floor(ctx, workers)
	if err != nil {
		return nil, err
	}
	floor.receiver.SetLatency(latency)
	var rate, cpu sample
	round := func(c *consumer, rate, cpu *[]float64) func(bool) error {
		return func(counts bool) error {
			result, err := b.drain(ctx, c, c.backlog(count), count)
			if err != nil || !counts {
				return err
			}
			*rate = append(*rate, result.rate)
			*cpu = append(*cpu, load.Milliseconds(result.cpu)/float64(count))
			return nil
		}
	}
	err = b.alternate(round(ours, &rate.ours, &cpu.ours), round(floor, &rate.floor, &cpu.floor))
	return []report.Row{
		rate.row(name+"customers/s", goal), cpu.row(name+"CPU ms/customer", report.Goal{}),
	}, err
}

// scale measures how a drain gets faster with more replicas of the connector.
func scale(ctx context.Context, b *Bench) (rows []report.Row, err error) {
	const workers, latency = 3, 50 * time.Millisecond
	var one float64
	for _, replicas := range []int{1, 2, 4} {
		err := b.Rig.Scope(ctx, func() error {
			ours, err := b.datasync(ctx, workers, replicas)
			if err != nil {
				return err
			}
			ours.receiver.SetLatency(latency)
			count := int(float64(workers*replicas) / latency.Seconds() * 2)
			var rates []float64
			for range b.Rounds {
				result, err := b.drain(ctx, ours, ours.backlog(count), count)
				if err != nil {
					return err
				}
				rates = append(rates, result.rate)
			}
			if replicas == 1 {
				one = load.Median(rates)
			}
			rows = append(rows, report.New(fmt.Sprintf("scale, %d replicas of %d workers, %s: customers/s", replicas, workers, latency),
				rates, []float64{one * float64(replicas)}, report.AtLeast(0.95)))
			return nil
		})
		if err != nil {
			return rows, err
		}
	}
	return rows, nil
}
