package rows

import (
	"context"
	"fmt"
	"time"

	"github.com/datasync-dev/datasync/e2e/bench/internal/load"
	"github.com/datasync-dev/datasync/e2e/bench/internal/report"
	"github.com/datasync-dev/datasync/e2e/bench/internal/rig"
)

const writeTime = time.Second

// write measures POST /v1/customers without anybody who consumes the events: rate, CPU, and p99 at half the rate.
func write(ctx context.Context, b *Bench) (rows []report.Row, err error) {
	ours, err := b.Rig.StartCatalog(ctx)
	if err != nil {
		return nil, err
	}
	// The connector's queue has to be there, or the events have nowhere to go; the connector must not be.
	if err := ours.StartConnector(ctx, "http://127.0.0.1:1", "", nil); err != nil {
		return nil, err
	}
	if err := ours.StopConnectors(ctx); err != nil {
		return nil, err
	}
	floor, err := b.Rig.StartFloor(ctx, "", "", 0)
	if err != nil {
		return nil, err
	}
	w := writers{b, ours, floor}
	var half float64
	for _, conns := range []int{1, 16, 64} {
		some, rate, err := w.flatOut(ctx, conns)
		if err != nil {
			return nil, err
		}
		rows, half = append(rows, some...), rate/2
	}
	some, err := w.atRate(ctx, half)
	return append(rows, some...), err
}

type writers struct {
	*Bench
	ours  *rig.DataSync
	floor *rig.Side
}

func (w writers) flatOut(ctx context.Context, conns int) ([]report.Row, float64, error) {
	var rate, sustained, cpu sample
	goal, cpuGoal := report.AtLeast(0.9), report.AtMost(1.1)
	if conns == 1 {
		goal, cpuGoal = report.Goal{}, report.Goal{}
	}
	round := func(s rig.Side, settle func(context.Context) error, rate, sustained, cpu *[]float64) func(bool) error {
		return func(counts bool) error {
			var outcome load.Outcome
			began := time.Now()
			used, err := w.cost(ctx, s, func() (err error) {
				if outcome, err = load.FlatOut(ctx, creates(s.Processes[0]), conns, writeTime); err != nil {
					return err
				}
				return settle(ctx)
			})
			took := time.Since(began)
			if err != nil || !counts {
				return err
			}
			*rate = append(*rate, outcome.Rate())
			*sustained = append(*sustained, float64(outcome.Count)/took.Seconds())
			*cpu = append(*cpu, load.Milliseconds(used)/float64(outcome.Count))
			return s.Broker.Purge(s.Queue)
		}
	}
	err := w.alternate(
		round(w.ours.Side, w.ours.Settle, &rate.ours, &sustained.ours, &cpu.ours),
		round(*w.floor, func(context.Context) error { return nil }, &rate.floor, &sustained.floor, &cpu.floor))
	return []report.Row{
		rate.row(fmt.Sprintf("write, %d connections: answers/s", conns), goal),
		sustained.row(fmt.Sprintf("write, %d connections: events at the broker/s", conns), report.Goal{}),
		cpu.row(fmt.Sprintf("write, %d connections: CPU ms/write", conns), cpuGoal),
	}, load.Median(rate.ours), err
}

func (w writers) atRate(ctx context.Context, rate float64) ([]report.Row, error) {
	var p50, p99 sample
	round := func(s rig.Side, p50, p99 *[]float64) func(bool) error {
		return func(counts bool) error {
			outcome, err := load.Steady(ctx, creates(s.Processes[0]), 64, rate, 2*writeTime)
			if err != nil || !counts {
				return err
			}
			*p50 = append(*p50, load.Milliseconds(load.Quantile(outcome.Latencies, 0.5)))
			*p99 = append(*p99, load.Milliseconds(load.Quantile(outcome.Latencies, 0.99)))
			return s.Broker.Purge(s.Queue)
		}
	}
	err := w.alternate(round(w.ours.Side, &p50.ours, &p99.ours), round(*w.floor, &p50.floor, &p99.floor))
	at := fmt.Sprintf("write at half rate (%.0f/s): ", rate)
	return []report.Row{p50.row(at+"p50 ms", report.Goal{}), p99.row(at+"p99 ms", report.AtMost(2))}, err
}
