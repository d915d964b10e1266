package rows

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/datasync-dev/datasync/e2e/bench/internal/load"
	"github.com/datasync-dev/datasync/e2e/bench/internal/report"
	"github.com/datasync-dev/datasync/e2e/bench/internal/rig"
	"github.com/datasync-dev/datasync/e2e/bench/internal/stripe"
)

const (
	besideCustomers = 100_000
	besideRate      = 50 // live creates per second
	besideTime      = 4 * time.Second
	besideLatency   = 50 * time.Millisecond
	besideLimit     = "200" // calls per second: what a backfill may take is bounded by Stripe, not by us
)

// beside measures the time from the answer to a live write until Stripe has the call, while everybody else is being
// backfilled. It is held against a twin that holds as many customers and has nothing else to do.
func beside(ctx context.Context, b *Bench) ([]report.Row, error) {
	busy, err := b.twin(ctx)
	if err != nil {
		return nil, err
	}
	quiet, err := b.twin(ctx)
	if err != nil {
		return nil, err
	}
	if err := call(ctx, http.MethodPost, busy.Catalog.URL+"/admin/v1/backfill", `{}`, nil); err != nil {
		return nil, err
	}
	err = rig.Until(ctx, "the backfill has begun", func(context.Context) (bool, error) { return len(busy.receiver.Calls()) > 0, nil })
	if err != nil {
		return nil, err
	}
	var p50, p99 sample
	var filled []float64
	round := func(t, other *twin, p50, p99 *[]float64) func(bool) error {
		return func(counts bool) error {
			delays, bulk, err := t.delays(ctx, other)
			if err != nil || !counts {
				return err
			}
			*p50 = append(*p50, load.Quantile(delays, 0.5))
			*p99 = append(*p99, load.Quantile(delays, 0.99))
			if t == busy {
				filled = append(filled, bulk)
			}
			return nil
		}
	}
	err = b.alternate(round(busy, quiet, &p50.ours, &p99.ours), round(quiet, busy, &p50.floor, &p99.floor))
	return []report.Row{
		p50.row("live beside a backfill, against none: p50 ms", report.Goal{}),
		p99.row("live beside a backfill, against none: p99 ms", report.AtMost(1.5)),
		report.New("live beside a backfill: backfilled customers/s", filled, nil, report.Goal{}),
	}, err
}

// twin is one of two alike.
type twin struct {
	*rig.DataSync
	receiver *stripe.Receiver
}

func (b *Bench) twin(ctx context.Context) (*twin, error) {
	receiver, err := stripe.Listen(ctx)
	if err != nil {
		return nil, err
	}
	receiver.SetLatency(besideLatency)
	d, err := b.Rig.StartCatalog(ctx)
	if err != nil {
		return nil, err
	}
	err = d.StartConnector(ctx, receiver.URL, "", map[string]string{
		"WORKERS": fmt.Sprint(simulatedWorkers), "RATE_LIMIT": besideLimit, "ENDPOINT_RATE_LIMIT": besideLimit,
	})
	if err != nil {
		return nil, err
	}
	return &twin{d, receiver}, fill(ctx, b, d.CatalogSchema, besideCustomers)
}

// delays makes customers at a rate, while the other twin stands still, and returns, in ms, how much later than the
// client's answer Stripe got each, and how many others a second it got meanwhile.
func (t *twin) delays(ctx context.Context, other *twin) (delays []float64, others float64, err error) {
	for _, p := range other.Processes {
		if err := p.Freeze(); err != nil {
			return nil, 0, err
		}
		defer func() { _ = p.Thaw() }()
	}
	t.receiver.Forget()
	answered := &times{at: map[string]time.Time{}}
	target := creates(t.Catalog)
	target.Answered = answered.note
	if _, err := load.Steady(ctx, target, 32, besideRate, besideTime); err != nil {
		return nil, 0, err
	}
	arrived := map[string]time.Time{}
	err = rig.Until(ctx, "Stripe has all customers", func(context.Context) (bool, error) {
		clear(arrived)
		for _, c := range t.receiver.Calls() {
			if _, live := answered.at[c.LocalID]; live {
				arrived[c.LocalID] = c.At
			}
		}
		return len(arrived) >= len(answered.at), nil
	})
	others = float64(len(t.receiver.Calls())-len(arrived)) / besideTime.Seconds()
	for id, at := range arrived {
		delays = append(delays, max(0, load.Milliseconds(at.Sub(answered.at[id]))))
	}
	return delays, others, err
}
