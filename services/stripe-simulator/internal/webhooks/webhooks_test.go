package webhooks_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simtest"
)

func deliveries(t *testing.T, sim *simtest.Sim) map[string]any {
	t.Helper()
	found, ok := sim.Control(t, http.MethodGet, "/_sim/stats", nil).JSON(t)["deliveries"].(map[string]any)
	require.True(t, ok)
	return found
}

func create(t *testing.T, sim *simtest.Sim) *stripe.Customer {
	t.Helper()
	c, err := sim.Stripe.Customers.New(&stripe.CustomerParams{Name: new("Ada")})
	require.NoError(t, err)
	return c
}

func pending(t *testing.T, sim *simtest.Sim, event string) int64 {
	t.Helper()
	e, err := sim.Stripe.Events.Get(event, nil)
	require.NoError(t, err)
	return e.PendingWebhooks
}

func TestChangesReachTheEndpointSigned(t *testing.T) {
	t.Parallel()
	receiver := simtest.NewReceiver(t)
	sim := simtest.Start(t, receiver.Preset)
	params := &stripe.CustomerParams{Name: new("Ada")}
	params.SetIdempotencyKey("mine")

	customer, err := sim.Stripe.Customers.New(params)
	require.NoError(t, err)
	created := receiver.Next(t)
	_, err = sim.Stripe.Customers.Update(customer.ID, &stripe.CustomerParams{Name: new("Bob")})
	require.NoError(t, err)
	updated := receiver.Next(t)

	require.EqualValues(t, "customer.created", created.Type)
	require.Equal(t, "mine", created.Request.IdempotencyKey)
	require.EqualValues(t, 1, created.PendingWebhooks)
	require.Equal(t, "2023-10-16", created.APIVersion)
	require.Equal(t, map[string]any{"name": "Ada"}, updated.Data.PreviousAttributes)
	require.Zero(t, receiver.Wrong())
	require.Contains(t, receiver.Headers().Get("Content-Type"), "application/json")
	require.Contains(t, receiver.Headers().Get("User-Agent"), "Stripe/1.0")
	simtest.Eventually(t, "nothing is pending any more", func() bool { return pending(t, sim, updated.ID) == 0 })
}

func TestDeliveriesAreRetriedUntilTheyAreTaken(t *testing.T) {
	t.Parallel()
	receiver := simtest.NewReceiver(t, http.StatusInternalServerError, http.StatusFound, http.StatusBadRequest)
	sim := simtest.Start(t, receiver.Preset)
	sim.Turn(t, map[string]any{"webhook_retry_ms": []int{1, 5}})

	create(t, sim)
	first := receiver.Next(t)
	for range 3 {
		require.Equal(t, first.ID, receiver.Next(t).ID)
	}

	simtest.Eventually(t, "it is delivered", func() bool { return pending(t, sim, first.ID) == 0 })
	require.Equal(t, map[string]any{"ok": 1.0, "failed": 3.0, "pending": 0.0, "dropped": 0.0}, deliveries(t, sim))
	receiver.None(t, 30*time.Millisecond)
}

func TestACopyThatFailsDoesNotEndTheDelivery(t *testing.T) {
	t.Parallel()
	const failures = 6
	receiver := simtest.NewReceiver(t, slices.Repeat([]int{http.StatusInternalServerError}, failures)...)
	sim := simtest.Start(t, receiver.Preset)
	sim.Turn(t, map[string]any{"webhook_retry_ms": []int{1, 5}, "webhook_duplicate_rate": 1})

	create(t, sim)
	for range failures + 1 {
		receiver.Next(t)
	}

	simtest.Eventually(t, "it is delivered", func() bool { return deliveries(t, sim)["ok"] == 1.0 })
	require.Zero(t, deliveries(t, sim)["pending"])
}

func TestUndeliveredEventsAreFoundInTheFeed(t *testing.T) {
	t.Parallel()
	receiver := simtest.NewReceiver(t, http.StatusInternalServerError)
	sim := simtest.Start(t, receiver.Preset)
	sim.Turn(t, map[string]any{"webhook_retry_ms": []int{3_600_000}})
	create(t, sim)
	failed := receiver.Next(t)
	create(t, sim)
	taken := receiver.Next(t)
	simtest.Eventually(t, "the second is taken", func() bool { return pending(t, sim, taken.ID) == 0 })

	for success, want := range map[bool]string{false: failed.ID, true: taken.ID} {
		list := sim.Stripe.Events.List(&stripe.EventListParams{DeliverySuccess: new(success)})
		require.True(t, list.Next())
		require.Equal(t, want, list.Event().ID)
		require.False(t, list.Next())
	}
}

func TestAnEndpointThatFailsTooLongIsDisabled(t *testing.T) {
	t.Parallel()
	receiver := simtest.NewReceiver(t, slices.Repeat([]int{500}, 1000)...)
	sim := simtest.Start(t, receiver.Preset)
	sim.Turn(t, map[string]any{"webhook_retry_ms": []int{20}, "webhook_disable_after_s": 1})
	create(t, sim)

	simtest.Eventually(t, "it is disabled", func() bool {
		e, err := sim.Stripe.WebhookEndpoints.Get("we_preset", nil)
		require.NoError(t, err)
		return e.Status == "disabled"
	})

	create(t, sim)
	require.Zero(t, deliveries(t, sim)["pending"], "nothing waits for a disabled endpoint")
	_, err := sim.Stripe.WebhookEndpoints.Update("we_preset", &stripe.WebhookEndpointParams{Disabled: new(false)})
	require.NoError(t, err)
	create(t, sim)
	require.EqualValues(t, 1, deliveries(t, sim)["pending"], "enabled again it gets what happens from now on")
}

func TestADeliveryIsGivenUpWhenItIsTooOld(t *testing.T) {
	t.Parallel()
	receiver := simtest.NewReceiver(t, slices.Repeat([]int{500}, 1000)...)
	sim := simtest.Start(t, receiver.Preset)
	sim.Turn(t, map[string]any{"webhook_retry_ms": []int{20}, "webhook_give_up_s": 1, "webhook_disable_after_s": 0})
	create(t, sim)
	event := receiver.Next(t)
	simtest.Eventually(t, "it is given up", func() bool { return deliveries(t, sim)["pending"] == 0.0 })
	require.EqualValues(t, 1, pending(t, sim, event.ID), "it never was delivered")
}

func TestKnobsSpoilDeliveries(t *testing.T) {
	t.Parallel()
	t.Run("lost", func(t *testing.T) {
		t.Parallel()
		receiver := simtest.NewReceiver(t)
		sim := simtest.Start(t, receiver.Preset)
		sim.Turn(t, map[string]any{"webhook_drop_rate": 1})
		create(t, sim)
		simtest.Eventually(t, "it is lost", func() bool { return deliveries(t, sim)["dropped"] == 1.0 })
		receiver.None(t, 30*time.Millisecond)
		require.Zero(t, deliveries(t, sim)["pending"])
	})
	t.Run("doubled", func(t *testing.T) {
		t.Parallel()
		receiver := simtest.NewReceiver(t)
		sim := simtest.Start(t, receiver.Preset)
		sim.Turn(t, map[string]any{"webhook_duplicate_rate": 1})
		create(t, sim)
		require.Equal(t, receiver.Next(t).ID, receiver.Next(t).ID)
		receiver.None(t, 30*time.Millisecond)
	})
	t.Run("late", func(t *testing.T) {
		t.Parallel()
		receiver := simtest.NewReceiver(t)
		sim := simtest.Start(t, receiver.Preset)
		sim.Turn(t, map[string]any{"webhook_delay_ms": 150})
		began := time.Now()
		create(t, sim)
		receiver.Next(t)
		require.GreaterOrEqual(t, time.Since(began), 150*time.Millisecond)
	})
	t.Run("reordered", func(t *testing.T) {
		t.Parallel()
		receiver := simtest.NewReceiver(t)
		sim := simtest.Start(t, receiver.Preset)
		sim.Turn(t, map[string]any{"webhook_reorder": 300})
		var sent, got []string
		for range 12 {
			sent = append(sent, create(t, sim).ID)
		}
		for range 12 {
			got = append(got, fmt.Sprint(receiver.Next(t).Data.Object["id"]))
		}
		require.ElementsMatch(t, sent, got)
		require.NotEqual(t, sent, got)
	})
	t.Run("paused", func(t *testing.T) {
		t.Parallel()
		receiver := simtest.NewReceiver(t)
		sim := simtest.Start(t, receiver.Preset)
		sim.Turn(t, map[string]any{"webhooks_paused": true})
		create(t, sim)
		receiver.None(t, 30*time.Millisecond)
		require.EqualValues(t, 1, deliveries(t, sim)["pending"])
		sim.Turn(t, map[string]any{"webhooks_paused": false})
		receiver.Next(t)
	})
}

func TestAnEndpointThatHangsHasFailedAndHoldsUpNobody(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	slow := newServer(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	receiver := simtest.NewReceiver(t)
	sim := simtest.Start(t, receiver.Preset)
	sim.Turn(t, map[string]any{"webhook_timeout_ms": 100, "webhook_retry_ms": []int{3_600_000}})
	endpoint, err := sim.Stripe.WebhookEndpoints.New(&stripe.WebhookEndpointParams{URL: &slow, EnabledEvents: stripe.StringSlice([]string{"*"})})
	require.NoError(t, err)

	for range 40 { // more than one endpoint gets at once
		create(t, sim)
	}
	for range 40 {
		receiver.Next(t)
	}

	simtest.Eventually(t, "each slow delivery has failed once", func() bool { return deliveries(t, sim)["failed"] == 40.0 })
	require.NotEmpty(t, endpoint.Secret)
}

func TestBothSecretsSignDuringARotation(t *testing.T) {
	t.Parallel()
	receiver := simtest.NewReceiver(t)
	sim := simtest.Start(t, receiver.Preset)
	a := sim.Control(t, http.MethodPost, "/_sim/webhook_endpoints/we_preset/rotate_secret", map[string]any{"overlap_s": 3600})
	secret := fmt.Sprint(a.JSON(t)["secret"])
	require.Regexp(t, `^whsec_[0-9A-Za-z]{32}$`, secret)
	receiver.Expect(simtest.Secret, secret)

	create(t, sim)
	receiver.Next(t)
	require.Zero(t, receiver.Wrong())

	receiver.Expect("whsec_chosen")
	sim.Control(t, http.MethodPost, "/_sim/webhook_endpoints/we_preset/rotate_secret", map[string]any{"secret": "whsec_chosen", "overlap_s": 0})
	create(t, sim)
	receiver.Next(t)
	require.Zero(t, receiver.Wrong())
}

func TestSignaturesAreFreshWhateverTheAccountsClockSays(t *testing.T) {
	t.Parallel()
	receiver := simtest.NewReceiver(t)
	sim := simtest.Start(t, receiver.Preset)
	sim.Turn(t, map[string]any{"clock_offset_s": 86_400})
	create(t, sim)
	event := receiver.Next(t)
	require.Greater(t, event.Created, time.Now().Add(23*time.Hour).Unix())
}

func TestAPersonCanSendAnEventAgain(t *testing.T) {
	t.Parallel()
	receiver := simtest.NewReceiver(t)
	sim := simtest.Start(t, receiver.Preset)
	create(t, sim)
	event := receiver.Next(t)
	require.EqualValues(t, 1, sim.Control(t, http.MethodPost, "/_sim/events/"+event.ID+"/resend", nil).JSON(t)["endpoints"])
	require.Equal(t, event.ID, receiver.Next(t).ID)
}
