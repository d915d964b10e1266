package rows

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/datasync-dev/datasync/e2e/bench/internal/load"
	"github.com/datasync-dev/datasync/e2e/bench/internal/report"
	"github.com/datasync-dev/datasync/e2e/bench/internal/rig"
)

const (
	editedCustomers = 100
	editRate        = 50
	// Looking costs CPU too, so that the delays are up to so much, or a tenth, too long.
	lookEvery = 4 * time.Millisecond
)

// webhookToCatalog measures the time from an edit in Stripe until the catalog shows it.
func webhookToCatalog(ctx context.Context, b *Bench) ([]report.Row, error) {
	ours, floor, err := b.pair(ctx)
	if err != nil {
		return nil, err
	}
	var p50, p99 sample
	round := func(e end, p50, p99 *[]float64) func(bool) error {
		var customers map[string]string
		return func(counts bool) (err error) {
			if customers == nil {
				if customers, err = mirrored(ctx, e); err != nil {
					return err
				}
			}
			delays, err := edit(ctx, e, customers)
			if err != nil || !counts {
				return err
			}
			*p50 = append(*p50, load.Milliseconds(load.Quantile(delays, 0.5)))
			*p99 = append(*p99, load.Milliseconds(load.Quantile(delays, 0.99)))
			return nil
		}
	}
	err = b.alternate(round(ours, &p50.ours, &p99.ours), round(floor, &p50.floor, &p99.floor))
	at := fmt.Sprintf("webhook to catalog at %d/s: ", editRate)
	return []report.Row{p50.row(at+"p50 ms", report.Below(15)), p99.row(at+"p99 ms", report.Goal{})}, err
}

// mirrored makes customers and returns Stripe's ids of them by the catalog's.
func mirrored(ctx context.Context, e end) (customers map[string]string, err error) {
	if _, err := load.Times(ctx, creates(e.entry), 4, editedCustomers); err != nil {
		return nil, err
	}
	err = rig.Until(ctx, "Stripe has the customers", func(ctx context.Context) (bool, error) {
		_, customers, err = e.arrivals(ctx, 4*editedCustomers)
		return len(customers) >= editedCustomers, err
	})
	return customers, errors.Join(err, e.settle(ctx))
}

// edit edits the customers in Stripe, one after another at a rate, and returns how long each took to be seen.
func edit(ctx context.Context, e end, customers map[string]string) ([]time.Duration, error) {
	var (
		group    sync.WaitGroup
		mu       sync.Mutex
		delays   []time.Duration
		failures []error
	)
	tick := time.NewTicker(time.Second / editRate)
	defer tick.Stop()
	for id, stripeID := range customers {
		<-tick.C
		group.Go(func() {
			delay, err := editOne(ctx, e, id, stripeID)
			mu.Lock()
			defer mu.Unlock()
			delays, failures = append(delays, delay), append(failures, err)
		})
	}
	group.Wait()
	return delays, errors.Join(failures...)
}

func editOne(ctx context.Context, e end, id, stripeID string) (time.Duration, error) {
	began := time.Now()
	name := began.Format(time.RFC3339Nano)
	if err := call(ctx, http.MethodPost, e.stripe.URL+"/_sim/customers/"+stripeID, `{"name":"`+name+`"}`, nil); err != nil {
		return 0, err
	}
	for {
		var customer struct{ Name string }
		if err := call(ctx, http.MethodGet, e.entry.URL+"/v1/customers/"+id, "", &customer); err != nil {
			return 0, err
		}
		if customer.Name == name {
			return time.Since(began), nil
		}
		if time.Since(began) > 20*time.Second {
			return 0, fmt.Errorf("the edit of %s was never seen", id)
		}
		<-time.After(max(lookEvery, time.Since(began)/10))
	}
}
