package rows

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/e2e/bench/internal/report"
	"github.com/datasync-dev/datasync/e2e/bench/internal/rig"
	"github.com/datasync-dev/datasync/e2e/bench/internal/stripe"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/record"
)

// consumer is one side with a receiver in Stripe's place, that backlogs are put before.
type consumer struct {
	rig.Side
	receiver *stripe.Receiver
	frozen   []*rig.Process // who consumes
	workers  int            // of all of them together
	message  func(id string) rig.Message
	settle   func(ctx context.Context) error
}

// datasync starts a catalog and replicas of the connector.
func (b *Bench) datasync(ctx context.Context, workers, replicas int) (*consumer, error) {
	receiver, err := stripe.Listen(ctx)
	if err != nil {
		return nil, err
	}
	d, err := b.Rig.StartCatalog(ctx)
	if err != nil {
		return nil, err
	}
	for range replicas {
		if err := d.StartConnector(ctx, receiver.URL, "", map[string]string{"WORKERS": strconv.Itoa(workers)}); err != nil {
			return nil, err
		}
	}
	return &consumer{
		Side: d.Side, receiver: receiver, frozen: d.Connectors, workers: workers * replicas, settle: d.Settle,
		message: func(id string) rig.Message { return snapshot(id, 1) },
	}, nil
}

func (b *Bench) floor(ctx context.Context, workers int) (*consumer, error) {
	receiver, err := stripe.Listen(ctx)
	if err != nil {
		return nil, err
	}
	s, err := b.Rig.StartFloor(ctx, receiver.URL, "", workers)
	if err != nil {
		return nil, err
	}
	return &consumer{
		Side: *s, receiver: receiver, frozen: s.Processes, workers: workers, settle: func(context.Context) error { return nil },
		message: func(id string) rig.Message {
			c := map[string]any{
				"id": id, "name": "Customer", "email": "customer@example.com", "phone": "+49301234",
				"address":  map[string]string{"line1": "Hauptstr. 1", "city": "Berlin", "postal_code": "10115", "country": "DE"},
				"metadata": map[string]string{"plan": "pro"},
			}
			body, _ := json.Marshal(c) //nolint:errchkjson // strings alone
			return rig.Message{Key: rig.FloorQueue, ID: id, Body: body}
		},
	}, nil
}

// snapshot is what the catalog tells about a version of a customer.
func snapshot(id string, version int64) rig.Message {
	verb := event.Created
	if version > 1 {
		verb = event.Updated
	}
	e := event.NewSnapshot(verb, event.Snapshot{
		Kind: event.KindCustomer, ID: id, Version: version, Generation: 1, Seen: map[string]int64{},
		Fields: record.Fields{
			"name": fmt.Sprintf("Customer %d", version), "email": "customer@example.com", "phone": "+49301234",
			"address.line1": "Hauptstr. 1", "address.city": "Berlin", "address.postal_code": "10115", "address.country": "DE",
			record.MetadataPrefix + "plan": "pro",
		},
	})
	return rig.Message{Exchange: event.EventsExchange, Key: e.Type, ID: e.ID, Body: e.JSON()}
}

const drainPatience = 2 * time.Minute

// backlog is so many messages about as many customers.
func (c *consumer) backlog(count int) []rig.Message {
	messages := make([]rig.Message, count)
	for i := range messages {
		messages[i] = c.message(uuid.Must(uuid.NewV7()).String())
	}
	return messages
}

// drained is what working a backlog off came to.
type drained struct {
	calls []stripe.Call
	rate  float64       // customers per second, from the first to the last
	cpu   time.Duration // of everything, until nothing is left to do
}

// drain puts messages about so many customers before the consumers and lets them go.
func (b *Bench) drain(ctx context.Context, c *consumer, messages []rig.Message, customers int) (result drained, err error) {
	c.receiver.Forget()
	for _, p := range c.frozen {
		if err := p.Freeze(); err != nil {
			return result, err
		}
	}
	if err := c.Broker.Publish(ctx, messages); err != nil {
		return result, err
	}
	result.cpu, err = b.cost(ctx, c.Side, func() error {
		for _, p := range c.frozen {
			if err := p.Thaw(); err != nil {
				return err
			}
		}
		err := rig.Within(ctx, drainPatience, "the backlog is worked off", func(context.Context) (bool, error) {
			return reached(c.receiver.Calls(), customers), nil
		})
		if err != nil {
			return err
		}
		return c.settle(ctx)
	})
	result.calls = c.receiver.Calls()
	// The first calls, one of each worker, come at once: what the others take is the rate.
	first, last := result.calls[0].At, result.calls[len(result.calls)-1].At
	result.rate = float64(customers-min(c.workers, customers/2)) / last.Sub(first).Seconds()
	return result, err
}

func reached(calls []stripe.Call, customers int) bool {
	if len(calls) < customers {
		return false
	}
	seen := make(map[string]struct{}, customers)
	for _, call := range calls {
		seen[call.LocalID] = struct{}{}
	}
	return len(seen) >= customers
}

// limited is the goal of a drain: as fast as the workers can be, or, where the CPU is what there is not enough of, near
// the floor.
func limited(limit float64) report.Goal {
	return report.Goal{
		Text: fmt.Sprintf(">= min(0.95 x %.0f, 0.6 x floor)", limit),
		Met:  func(v, f float64) bool { return v >= min(0.95*limit, 0.6*f) },
	}
}
