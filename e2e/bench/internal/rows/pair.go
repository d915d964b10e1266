package rows

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/e2e/bench/internal/rig"
)

// end is one side with a simulated Stripe of its own at its end, and webhooks coming back from there.
type end struct {
	rig.Side
	entry  *rig.Process // where clients write
	stripe *rig.Process
	settle func(ctx context.Context) error
}

const simulatedWorkers = 16

// pair starts both sides.
func (b *Bench) pair(ctx context.Context) (ours, floor end, err error) {
	webhooks, err := rig.FreeAddr(ctx)
	if err != nil {
		return ours, floor, err
	}
	if ours.stripe, err = b.Rig.StartSimulator(ctx, webhooks); err != nil {
		return ours, floor, err
	}
	d, err := b.Rig.StartCatalog(ctx)
	if err != nil {
		return ours, floor, err
	}
	err = d.StartConnector(ctx, ours.stripe.URL, webhooks, map[string]string{"WORKERS": fmt.Sprint(simulatedWorkers)})
	if err != nil {
		return ours, floor, err
	}
	ours.Side, ours.entry, ours.settle = d.Side, d.Catalog, d.Settle
	if webhooks, err = rig.FreeAddr(ctx); err != nil {
		return ours, floor, err
	}
	if floor.stripe, err = b.Rig.StartSimulator(ctx, webhooks); err != nil {
		return ours, floor, err
	}
	s, err := b.Rig.StartFloor(ctx, floor.stripe.URL, webhooks, simulatedWorkers)
	if err != nil {
		return ours, floor, err
	}
	floor.Side, floor.entry, floor.settle = *s, s.Processes[0], func(context.Context) error { return nil }
	return ours, floor, nil
}

// client keeps enough connections for all who look at the same time: making new ones would be a good part of the load.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 128}}

// call makes a request of the benchmark's own and decodes the answer.
func call(ctx context.Context, method, url, body string, result any) error {
	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+rig.APIKey)
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("%s %s: %s", method, url, response.Status)
	}
	if result == nil {
		_, err = io.Copy(io.Discard, response.Body)
		return err
	}
	return json.NewDecoder(response.Body).Decode(result)
}

// created is how many customers were made at the simulated Stripe.
func (e end) created(ctx context.Context) (int, error) {
	var stats struct{ Customers struct{ Created int } }
	err := call(ctx, http.MethodGet, e.stripe.URL+"/_sim/stats", "", &stats)
	return stats.Customers.Created, err
}

// arrivals are the times at which Stripe got the calls that made customers, by local id, and Stripe's ids.
func (e end) arrivals(ctx context.Context, latest int) (map[string]time.Time, map[string]string, error) {
	var log struct {
		Data []struct {
			Time           time.Time
			Path, Customer string
			Key            string `json:"idempotency_key"`
		}
	}
	if err := call(ctx, http.MethodGet, fmt.Sprintf("%s/_sim/requests?limit=%d", e.stripe.URL, latest), "", &log); err != nil {
		return nil, nil, err
	}
	at, customers := map[string]time.Time{}, map[string]string{}
	for _, entry := range log.Data {
		if entry.Path == "/v1/customers" {
			id := localID(entry.Key)
			at[id], customers[id] = entry.Time, entry.Customer // newest first: the first call stays
		}
	}
	return at, customers, nil
}

// localID finds the id in an idempotency key.
func localID(key string) string {
	for _, prefix := range []string{"datasync-stripe-", "floor-"} {
		if rest, ok := strings.CutPrefix(key, prefix); ok && len(rest) >= 36 {
			return rest[:36]
		}
	}
	return ""
}
