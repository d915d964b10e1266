package simulator_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simtest"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simulator"
)

func TestEverythingSurvivesARestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	keeps := func(o *simulator.Options) { o.StateFile = file }
	receiver := simtest.NewReceiver(t, http.StatusInternalServerError)
	var kept, gone *stripe.Customer
	var secret, event string
	params := &stripe.CustomerParams{
		Name: new("Ada"), Email: new("ada@example.com"), Metadata: map[string]string{"datasync_id": "stripe:1"},
		Address: &stripe.AddressParams{City: new("London")}, PreferredLocales: stripe.StringSlice([]string{"en"}),
	}
	params.SetIdempotencyKey("k")
	t.Run("before", func(t *testing.T) {
		sim := simtest.Start(t, keeps, receiver.Preset)
		sim.Turn(t, map[string]any{"webhook_retry_ms": []int{1_000_000}})
		var err error
		kept, err = sim.Stripe.Customers.New(params)
		require.NoError(t, err)
		event = receiver.Next(t).ID // and answers 500, so it stays pending
		simtest.Eventually(t, "the failure is noted", func() bool {
			a := sim.Control(t, http.MethodGet, "/_sim/events/"+event+"/deliveries", nil)
			return strings.Contains(string(a.Body), `"attempts":1`)
		})
		gone, err = sim.Stripe.Customers.New(nil)
		require.NoError(t, err)
		receiver.Next(t)
		_, err = sim.Stripe.Customers.Del(gone.ID, nil)
		require.NoError(t, err)
		receiver.Next(t)
		require.Equal(t, http.StatusCreated, sim.Control(t, http.MethodPost, "/_sim/customers/"+kept.ID+"/subscriptions", nil).Status)
		require.Equal(t, http.StatusCreated, sim.Control(t, http.MethodPost, "/_sim/customers/"+kept.ID+"/invoices", nil).Status)
		made, err := sim.Stripe.WebhookEndpoints.New(&stripe.WebhookEndpointParams{URL: &receiver.URL, EnabledEvents: stripe.StringSlice([]string{"customer.updated"})})
		require.NoError(t, err)
		secret = made.Secret
		simtest.Eventually(t, "only the failed delivery is pending", func() bool {
			list := sim.Stripe.Events.List(&stripe.EventListParams{DeliverySuccess: new(false)})
			return list.Next() && list.Event().ID == event && !list.Next()
		})
	})

	sim := simtest.Start(t, keeps, receiver.Preset)

	got, err := sim.Stripe.Customers.Get(kept.ID, nil)
	require.NoError(t, err)
	got.LastResponse, kept.LastResponse = nil, nil
	require.Equal(t, kept, got)
	deleted, err := sim.Stripe.Customers.Get(gone.ID, nil)
	require.NoError(t, err)
	require.True(t, deleted.Deleted)
	again, err := sim.Stripe.Customers.New(params)
	require.NoError(t, err)
	require.Equal(t, kept.ID, again.ID, "keys are remembered")
	e, err := sim.Stripe.Events.Get(event, nil)
	require.NoError(t, err)
	require.EqualValues(t, 1, e.PendingWebhooks)
	found := sim.Stripe.Customers.List(&stripe.CustomerListParams{Email: new("ada@example.com")})
	require.True(t, found.Next())
	require.True(t, sim.Stripe.Subscriptions.List(&stripe.SubscriptionListParams{Customer: &kept.ID}).Next())
	require.True(t, sim.Stripe.Invoices.List(&stripe.InvoiceListParams{Customer: &kept.ID}).Next())
	endpoints := 0
	for list := sim.Stripe.WebhookEndpoints.List(&stripe.WebhookEndpointListParams{}); list.Next(); {
		endpoints++
	}
	require.Equal(t, 2, endpoints)
	stats := sim.Control(t, http.MethodGet, "/_sim/stats", nil).JSON(t)
	require.Equal(t, map[string]any{"created": 2.0, "live": 1.0}, stats["customers"])
	receiver.Expect(secret)
	_, err = sim.Stripe.Customers.Update(kept.ID, &stripe.CustomerParams{Name: new("Countess")})
	require.NoError(t, err)
	require.EqualValues(t, "customer.updated", receiver.Next(t).Type, "signed with the secret that was kept")
}

func TestAPendingDeliveryGoesOnAfterARestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	keeps := func(o *simulator.Options) { o.StateFile = file }
	receiver := simtest.NewReceiver(t)
	t.Run("before", func(t *testing.T) {
		sim := simtest.Start(t, keeps, receiver.Preset)
		sim.Turn(t, map[string]any{"webhooks_paused": true})
		_, err := sim.Stripe.Customers.New(nil)
		require.NoError(t, err)
	})
	simtest.Start(t, keeps, receiver.Preset)
	require.EqualValues(t, "customer.created", receiver.Next(t).Type)
}
