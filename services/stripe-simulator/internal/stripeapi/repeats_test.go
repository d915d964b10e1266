package stripeapi_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simtest"
)

func customersMade(t *testing.T, sim *simtest.Sim) float64 {
	t.Helper()
	customers, ok := sim.Control(t, http.MethodGet, "/_sim/stats", nil).JSON(t)["customers"].(map[string]any)
	require.True(t, ok)
	made, ok := customers["created"].(float64)
	require.True(t, ok)
	return made
}

func TestSecondCallUnderOneKeyIsAnsweredLikeTheFirst(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	params := ada()
	params.SetIdempotencyKey("create-1")

	first, err := sim.Stripe.Customers.New(params)
	require.NoError(t, err)
	second, err := sim.Stripe.Customers.New(params)
	require.NoError(t, err)

	require.Equal(t, first.ID, second.ID)
	require.Equal(t, "true", second.LastResponse.Header.Get("Idempotent-Replayed"))
	require.Equal(t, first.LastResponse.RequestID, second.LastResponse.Header.Get("Original-Request"))
	require.NotEqual(t, first.LastResponse.RequestID, second.LastResponse.RequestID)
	require.EqualValues(t, 1, customersMade(t, sim))
}

func TestParametersInAnotherOrderAreTheSame(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	first := sim.Call(t, http.MethodPost, "/v1/customers", "name=a&metadata[x]=1", "Idempotency-Key", "k")
	second := sim.Call(t, http.MethodPost, "/v1/customers", "metadata%5Bx%5D=1&name=a", "Idempotency-Key", "k")
	require.Equal(t, first.Body, second.Body)
	require.Equal(t, "true", second.Header.Get("Idempotent-Replayed"))
}

func TestAKeyIsForOneCallOnly(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	customer, err := sim.Stripe.Customers.New(nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, sim.Call(t, http.MethodPost, "/v1/customers", "name=a", "Idempotency-Key", "k").Status)
	for name, test := range map[string]struct{ path, body, key, message string }{
		"other parameters": {"/v1/customers", "name=b", "k", "with the same parameters they were first used with"},
		"other endpoint":   {"/v1/customers/" + customer.ID, "name=a", "k", "same endpoint they were first used for ('/v1/customers')"},
		"too long":         {"/v1/customers", "name=b", strings.Repeat("k", 256), "255 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := sim.Call(t, http.MethodPost, test.path, test.body, "Idempotency-Key", test.key)
			require.Equal(t, http.StatusBadRequest, a.Status)
			require.Equal(t, "idempotency_error", a.Error(t)["type"])
			require.Contains(t, a.Error(t)["message"], test.message)
		})
	}
}

func TestTestAndLiveKeysAreApart(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	require.Equal(t, http.StatusOK, sim.Call(t, http.MethodPost, "/v1/customers", "name=a", "Idempotency-Key", "k").Status)
	live := sim.Call(t, http.MethodPost, "/v1/customers", "name=other", "Idempotency-Key", "k", "Authorization", "Bearer "+simtest.LiveKey)
	require.Equal(t, http.StatusOK, live.Status)
}

func TestWhichFailuresAreStoredUnderAKey(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		knob, heal map[string]any
		body       string
		status     int
		replayed   bool
		made       float64
	}{
		"500 before the effect":       {map[string]any{"error_rate_before": 1}, map[string]any{"error_rate_before": 0}, "name=a", 500, true, 0},
		"500 after the effect":        {map[string]any{"error_rate_after": 1}, map[string]any{"error_rate_after": 0}, "name=a", 500, true, 1},
		"400 of an executed call":     {nil, nil, "email=nope", 400, true, 0},
		"400 of a call not executed":  {nil, nil, "naem=a", 400, false, 0},
		"401":                         {map[string]any{"revoked_key": true}, map[string]any{"revoked_key": false}, "name=a", 401, false, 1},
		"outage":                      {map[string]any{"outage": true}, map[string]any{"outage": "off"}, "name=a", 503, false, 1},
		"no answer although it is so": {map[string]any{"drop_answer_rate": 1}, map[string]any{"drop_answer_rate": 0}, "name=a", 0, true, 1},
		"connection refused":          {map[string]any{"outage": "refuse"}, map[string]any{"outage": false}, "name=a", 0, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := simtest.Start(t)
			if test.knob != nil {
				sim.Turn(t, test.knob)
			}
			first := sim.Call(t, http.MethodPost, "/v1/customers", test.body, "Idempotency-Key", "k")
			require.Equal(t, test.status, first.Status)
			require.Equal(t, test.status == 0, first.Err != nil, "the connection breaks if there is no answer")
			if test.heal != nil {
				sim.Turn(t, test.heal)
			}

			second := sim.Call(t, http.MethodPost, "/v1/customers", test.body, "Idempotency-Key", "k")

			require.Equal(t, test.replayed, second.Header.Get("Idempotent-Replayed") == "true")
			if test.replayed && test.status != 0 {
				require.Equal(t, test.status, second.Status)
				require.Equal(t, string(first.Body), string(second.Body))
			}
			require.InDelta(t, test.made, customersMade(t, sim), 0)
		})
	}
}

func TestTheAnswerToARepeatedCallCanBeLostToo(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	sim.Turn(t, map[string]any{"drop_answer_rate": 1})
	for range 2 {
		require.Error(t, sim.Call(t, http.MethodPost, "/v1/customers", "name=a", "Idempotency-Key", "k").Err)
	}
	require.InDelta(t, 1, customersMade(t, sim), 0)
}

func TestACallThatRunsHoldsItsKey(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	sim.Turn(t, map[string]any{"latency_ms": 300})
	var calls sync.WaitGroup
	answers := make(chan simtest.Answer, 2)
	for range 2 {
		calls.Go(func() { answers <- sim.Call(t, http.MethodPost, "/v1/customers", "name=a", "Idempotency-Key", "k") })
	}
	calls.Wait()

	statuses := map[int]simtest.Answer{}
	for range 2 {
		a := <-answers
		statuses[a.Status] = a
	}

	require.Contains(t, statuses, http.StatusOK)
	require.Contains(t, statuses, http.StatusConflict)
	require.Equal(t, "idempotency_key_in_use", statuses[http.StatusConflict].Error(t)["code"])
	require.Equal(t, "true", statuses[http.StatusConflict].Header.Get("Stripe-Should-Retry"))
	require.EqualValues(t, 1, customersMade(t, sim))
}

func TestAKeyIsForgottenAfterADay(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	first := sim.Call(t, http.MethodPost, "/v1/customers", "name=a", "Idempotency-Key", "k")
	sim.Turn(t, map[string]any{"clock_offset_s": 24*3600 - 60})
	require.Equal(t, first.Body, sim.Call(t, http.MethodPost, "/v1/customers", "name=a", "Idempotency-Key", "k").Body)

	sim.Turn(t, map[string]any{"clock_offset_s": 24*3600 + 60})
	late := sim.Call(t, http.MethodPost, "/v1/customers", "name=a", "Idempotency-Key", "k")

	require.Equal(t, http.StatusOK, late.Status)
	require.NotEqual(t, first.JSON(t)["id"], late.JSON(t)["id"], "the call ran again")
}

func TestDeleteIgnoresKeys(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	customer, err := sim.Stripe.Customers.New(nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, sim.Call(t, http.MethodDelete, "/v1/customers/"+customer.ID, "", "Idempotency-Key", "k").Status)
	require.Equal(t, http.StatusNotFound, sim.Call(t, http.MethodDelete, "/v1/customers/"+customer.ID, "", "Idempotency-Key", "k").Status)
}

func TestTheEffectDoesNotWaitForACallerThatLeft(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	sim.Turn(t, map[string]any{"latency_ms": 200})
	impatient := simtest.Client(sim.URL, simtest.Key)
	params := &stripe.CustomerParams{Name: new("late")}
	ctx, cancel := contextWithTimeout(t, 50*time.Millisecond)
	defer cancel()
	params.Context = ctx

	_, err := impatient.Customers.New(params)

	require.Error(t, err)
	require.Zero(t, customersMade(t, sim))
	simtest.Eventually(t, "the customer comes late", func() bool { return customersMade(t, sim) == 1 })
}

func TestAnswerComesAfterTheEffect(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	sim.Turn(t, map[string]any{"response_delay_ms": 400})
	answered := make(chan simtest.Answer, 1)
	go func() { answered <- sim.Call(t, http.MethodPost, "/v1/customers", "name=a", "Idempotency-Key", "k") }()

	simtest.Eventually(t, "the effect is there", func() bool { return customersMade(t, sim) == 1 })

	require.Empty(t, answered, "but no answer yet")
	again := sim.Call(t, http.MethodPost, "/v1/customers", "name=a", "Idempotency-Key", "k")
	require.Equal(t, "true", again.Header.Get("Idempotent-Replayed"), "and who asks again is told at once")
	require.Equal(t, again.Body, (<-answered).Body)
}

func TestWritesToOneCustomerTakeTurns(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	customer, err := sim.Stripe.Customers.New(nil)
	require.NoError(t, err)
	sim.Turn(t, map[string]any{"latency_ms": 500, "lock_timeout_ms": 50})
	var calls sync.WaitGroup
	answers := make(chan simtest.Answer, 2)
	for range 2 {
		calls.Go(func() { answers <- sim.Call(t, http.MethodPost, "/v1/customers/"+customer.ID, "name=a") })
	}
	calls.Wait()

	statuses := map[int]simtest.Answer{}
	for range 2 {
		a := <-answers
		statuses[a.Status] = a
	}

	require.Contains(t, statuses, http.StatusOK)
	require.Equal(t, "lock_timeout", statuses[http.StatusTooManyRequests].Error(t)["code"])
	require.EqualValues(t, 1, sim.Control(t, http.MethodGet, "/_sim/stats", nil).JSON(t)["overlapping_writes"])
}
