package rows

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/e2e/bench/internal/load"
	"github.com/datasync-dev/datasync/e2e/bench/internal/report"
	"github.com/datasync-dev/datasync/e2e/bench/internal/rig"
	"github.com/datasync-dev/datasync/e2e/bench/internal/stripe"
)

const webhookCustomers = 500

// webhook measures how fast signed events are stored and acknowledged: echoes of our own calls, which is what most
// events are.
func webhook(ctx context.Context, b *Bench) (rows []report.Row, err error) {
	ours, err := b.datasync(ctx, 8, 1)
	if err != nil {
		return nil, err
	}
	result, err := b.drain(ctx, ours, ours.backlog(webhookCustomers), webhookCustomers)
	if err != nil {
		return nil, err
	}
	floor, err := b.Rig.StartFloor(ctx, "", "", 0)
	if err != nil {
		return nil, err
	}
	connector := ours.frozen[0]
	only, onlyFloor := ours.WithoutBroker(), floor.WithoutBroker() // which echoes never reach
	for _, conns := range []int{1, 16, 64} {
		count := min(1200, 400*conns)
		var rate, cpu sample
		round := func(p *rig.Process, s rig.Side, rate, cpu *[]float64) func(bool) error {
			return func(counts bool) error {
				target, err := events(ours.receiver, result.calls, p, count)
				if err != nil {
					return err
				}
				var outcome load.Outcome
				used, err := b.cost(ctx, s, func() (err error) {
					outcome, err = load.Times(ctx, target, conns, count)
					return err
				})
				if err != nil || !counts {
					return err
				}
				*rate = append(*rate, outcome.Rate())
				*cpu = append(*cpu, load.Milliseconds(used)/float64(outcome.Count))
				return nil
			}
		}
		err := b.alternate(round(connector, only, &rate.ours, &cpu.ours), round(floor.Processes[0], onlyFloor, &rate.floor, &cpu.floor))
		if err != nil {
			return nil, err
		}
		rows = append(rows,
			rate.row(fmt.Sprintf("webhook, %d connections: events/s", conns), report.AtLeast(0.9)),
			cpu.row(fmt.Sprintf("webhook, %d connections: CPU ms/event", conns), report.Below(0.6)))
	}
	return rows, nil
}

// events are signed requests, all made beforehand.
func events(r *stripe.Receiver, causes []stripe.Call, p *rig.Process, count int) (load.Target, error) {
	requests, now := make([]load.Request, count), time.Now()
	for i := range requests {
		body, err := r.Event("evt_"+uuid.NewString(), causes[i%len(causes)])
		if err != nil {
			return load.Target{}, err
		}
		requests[i] = load.NewRequest(http.MethodPost, p.Addr, "/webhooks/stripe", body,
			"Stripe-Signature", stripe.Sign(rig.WebhookSecret, body, now))
	}
	return load.Target{Addr: p.Addr, Status: http.StatusOK, Request: func(i int) load.Request { return requests[i] }}, nil
}
