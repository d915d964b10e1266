package simulator_test

import (
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simtest"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simulator"
)

// Many callers at once, with everything turned on that could get into each other's way: in the end the counts add up,
// each change was told once, and each event was delivered.
func TestManyCallersAtOnceLeaveTheAccountWhole(t *testing.T) {
	t.Parallel()
	sink := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	sim := simtest.Start(t, simtest.Hooked(t, true, sink), func(o *simulator.Options) { o.StateFile = filepath.Join(t.TempDir(), "state.json") })
	sim.Turn(t, map[string]any{"webhook_duplicate_rate": 0.2, "webhook_reorder": 20, "latency_jitter_ms": 3})
	const callers, rounds = 8, 15
	var failures atomic.Int64
	check := func(err error) {
		if err != nil {
			failures.Add(1)
		}
	}
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for round := range rounds {
				mark := strconv.Itoa(caller) + "-" + strconv.Itoa(round)
				params := &stripe.CustomerParams{Email: new("same@example.com"), Metadata: map[string]string{"datasync_id": mark}}
				params.SetIdempotencyKey(mark)
				c, err := sim.Stripe.Customers.New(params)
				check(err)
				_, err = sim.Stripe.Customers.New(params)
				check(err)
				_, err = sim.Stripe.Customers.Update(c.ID, &stripe.CustomerParams{Name: new(mark)})
				check(err)
				list := sim.Stripe.Customers.List(&stripe.CustomerListParams{Email: new("same@example.com")})
				list.Next()
				check(list.Err())
				found := sim.Stripe.Customers.Search(&stripe.CustomerSearchParams{SearchParams: stripe.SearchParams{Query: "name:'" + mark + "'"}})
				found.Next()
				check(found.Err())
				if round%3 == 0 {
					_, err = sim.Stripe.Customers.Del(c.ID, nil)
					check(err)
				}
			}
		})
	}
	all.Wait()

	require.Zero(t, failures.Load())
	made, deleted := float64(callers*rounds), float64(callers*rounds/3)
	stats := sim.Control(t, http.MethodGet, "/_sim/stats", nil).JSON(t)
	require.Equal(t, map[string]any{"created": made, "live": made - deleted}, stats["customers"])
	require.EqualValues(t, 0, stats["duplicates"])
	require.EqualValues(t, 0, stats["overlapping_writes"], "each caller wrote to its own customers, one call after another")
	told := map[stripe.EventType]int{}
	for list := sim.Stripe.Events.List(&stripe.EventListParams{}); list.Next(); {
		told[list.Event().Type]++
	}
	require.Equal(t, map[stripe.EventType]int{"customer.created": int(made), "customer.updated": int(made), "customer.deleted": int(deleted)}, told)
	simtest.Eventually(t, "every event is delivered", func() bool {
		return !sim.Stripe.Events.List(&stripe.EventListParams{DeliverySuccess: new(false)}).Next()
	})
}
