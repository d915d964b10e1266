package control_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simtest"
)

func TestKnobsAreTurnedAllOrNone(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)

	a := sim.Control(t, http.MethodPatch, "/_sim/config", map[string]any{"latency_ms": 5, "outage": "refuse", "webhook_reorder": true, "webhook_retry_ms": []int{1, 2}})

	require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
	got := sim.Control(t, http.MethodGet, "/_sim/config", nil).JSON(t)
	require.EqualValues(t, 5, got["latency_ms"])
	require.Equal(t, "refuse", got["outage"])
	require.EqualValues(t, 500, got["webhook_reorder"])
	require.Equal(t, []any{1.0, 2.0}, got["webhook_retry_ms"])
	require.Equal(t, a.JSON(t), got)
	for name, test := range map[string]struct{ body, knob string }{
		"unknown":      {`{"latency_ms":7,"latencyy":1}`, "latencyy"},
		"wrong type":   {`{"latency_ms":"fast"}`, "latency_ms"},
		"no chance":    {`{"error_rate_before":2}`, "error_rate_before"},
		"negative":     {`{"account_limit":-1}`, "account_limit"},
		"odd outage":   {`{"outage":"maybe"}`, "outage"},
		"odd reorder":  {`{"webhook_reorder":"yes"}`, "webhook_reorder"},
		"odd retries":  {`{"webhook_retry_ms":[0]}`, "webhook_retry_ms"},
		"no timeout":   {`{"webhook_timeout_ms":0}`, "webhook_timeout_ms"},
		"not a patch":  {`[]`, ""},
		"not even so":  {`{`, ""},
		"empty string": {``, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := sim.Do(t, http.MethodPatch, "/_sim/config", test.body)
			require.Equal(t, http.StatusBadRequest, a.Status)
			if test.knob != "" {
				require.Equal(t, test.knob, a.Error(t)["param"])
				require.Contains(t, a.Error(t)["message"], test.knob)
			}
			require.Equal(t, got, sim.Control(t, http.MethodGet, "/_sim/config", nil).JSON(t))
		})
	}
}

func TestEditsByHandComeFromNoRequest(t *testing.T) {
	t.Parallel()
	receiver := simtest.NewReceiver(t)
	sim := simtest.Start(t, receiver.Preset)

	made := sim.Control(t, http.MethodPost, "/_sim/customers", map[string]any{"name": "Ada", "phone": "1", "metadata": map[string]any{"a": "1", "b": "2"}})
	require.Equal(t, http.StatusCreated, made.Status, "%s", made.Body)
	id := fmt.Sprint(made.JSON(t)["id"])
	receiver.Next(t)
	edited := sim.Control(t, http.MethodPost, "/_sim/customers/"+id, map[string]any{
		"phone": nil, "address": map[string]any{"city": "London"}, "metadata": map[string]any{"a": nil, "n": 3}, "preferred_locales": []string{"en"},
	})
	require.Equal(t, http.StatusOK, edited.Status, "%s", edited.Body)
	event := receiver.Next(t)

	got, err := sim.Stripe.Customers.Get(id, nil)
	require.NoError(t, err)
	require.Equal(t, "Ada", got.Name)
	require.Empty(t, got.Phone)
	require.Equal(t, "London", got.Address.City)
	require.Equal(t, map[string]string{"b": "2", "n": "3"}, got.Metadata)
	require.Equal(t, []string{"en"}, got.PreferredLocales)
	require.EqualValues(t, "customer.updated", event.Type)
	require.Empty(t, event.Request.ID)
	require.Empty(t, event.Request.IdempotencyKey)
	require.Equal(t, http.StatusOK, sim.Control(t, http.MethodDelete, "/_sim/customers/"+id, nil).Status)
	require.EqualValues(t, "customer.deleted", receiver.Next(t).Type)
	require.Equal(t, true, sim.Control(t, http.MethodGet, "/_sim/customers/"+id, nil).JSON(t)["deleted"])
}

func TestAPartOfShippingIsEditedAlone(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	made := sim.Control(t, http.MethodPost, "/_sim/customers", map[string]any{"shipping": map[string]any{"name": "Ada", "address": map[string]any{"city": "Rome"}}})
	require.Equal(t, http.StatusCreated, made.Status, "%s", made.Body)
	id := fmt.Sprint(made.JSON(t)["id"])

	require.Equal(t, http.StatusOK, sim.Control(t, http.MethodPatch, "/_sim/customers/"+id, map[string]any{"shipping": map[string]any{"phone": "7"}}).Status)

	got, err := sim.Stripe.Customers.Get(id, nil)
	require.NoError(t, err)
	require.Equal(t, "Ada", got.Shipping.Name)
	require.Equal(t, "Rome", got.Shipping.Address.City)
	require.Equal(t, "7", got.Shipping.Phone)
}

func TestEditsByHandObeyStripesRules(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	for name, test := range map[string]struct {
		path   string
		body   any
		status int
		param  string
	}{
		"unknown property": {"/_sim/customers", map[string]any{"naem": "x"}, 400, "naem"},
		"bad email":        {"/_sim/customers", map[string]any{"email": "x"}, 400, "email"},
		"not an object":    {"/_sim/customers", []int{1}, 400, ""},
		"nobody":           {"/_sim/customers/cus_x", map[string]any{}, 404, "id"},
		"subscription":     {"/_sim/customers/cus_x/subscriptions", map[string]any{}, 404, "id"},
		"event":            {"/_sim/events", map[string]any{}, 400, "type"},
		"resend":           {"/_sim/events/evt_x/resend", nil, 404, "id"},
		"other mode":       {"/_sim/customers?livemode=maybe", map[string]any{}, 400, "livemode"},
		"unknown path":     {"/_sim/nothing", nil, 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := sim.Control(t, http.MethodPost, test.path, test.body)
			require.Equal(t, test.status, a.Status, "%s", a.Body)
			if test.param != "" {
				require.Equal(t, test.param, a.Error(t)["param"])
			}
		})
	}
}

func TestStatsCountWhatHappened(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	marked := func(mark string) *stripe.Customer {
		c, err := sim.Stripe.Customers.New(&stripe.CustomerParams{Metadata: map[string]string{"datasync_id": mark}})
		require.NoError(t, err)
		return c
	}
	marked("stripe:1")
	twin := marked("stripe:1")
	marked("stripe:2")
	_, err := sim.Stripe.Customers.Del(twin.ID, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, sim.Call(t, http.MethodPost, "/v1/customers", "x=1").Status)

	got := sim.Control(t, http.MethodGet, "/_sim/stats", nil).JSON(t)

	require.Equal(t, map[string]any{"created": 3.0, "live": 2.0}, got["customers"])
	require.EqualValues(t, 1, got["duplicates"])
	require.Equal(t, []any{"stripe:1"}, got["duplicate_marks"])
	require.EqualValues(t, 0, got["live_duplicates"])
	require.Equal(t, map[string]any{
		"POST /v1/customers":        map[string]any{"200": 3.0, "400": 1.0},
		"DELETE /v1/customers/{id}": map[string]any{"200": 1.0},
	}, got["requests"])
	require.EqualValues(t, 0, sim.Control(t, http.MethodGet, "/_sim/stats?livemode=true", nil).JSON(t)["duplicates"])
}

func TestTheLogNamesParametersButNeverValues(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	params := &stripe.CustomerParams{Email: new("ada@example.com"), Metadata: map[string]string{"plan": "gold"}}
	params.SetIdempotencyKey("k1")
	customer, err := sim.Stripe.Customers.New(params)
	require.NoError(t, err)
	_, err = sim.Stripe.Customers.New(params)
	require.NoError(t, err)
	_, err = sim.Stripe.Customers.New(nil)
	require.NoError(t, err)

	a := sim.Control(t, http.MethodGet, "/_sim/requests?customer="+customer.ID, nil)

	data, ok := a.JSON(t)["data"].([]any)
	require.True(t, ok)
	require.Len(t, data, 2, "the call and its replay")
	latest, ok := data[0].(map[string]any)
	require.True(t, ok)
	require.Equal(t, []any{"email", "metadata[plan]"}, latest["params"])
	require.Equal(t, "k1", latest["idempotency_key"])
	require.Equal(t, true, latest["replayed"])
	require.Equal(t, "/v1/customers", latest["path"])
	require.EqualValues(t, 200, latest["status"])
	require.NotContains(t, string(a.Body), "ada@")
	require.NotContains(t, string(a.Body), "gold")
}

func TestResetForgetsEverythingButThePresetEndpoint(t *testing.T) {
	t.Parallel()
	receiver := simtest.NewReceiver(t)
	sim := simtest.Start(t, receiver.Preset)
	_, err := sim.Stripe.Customers.New(nil)
	require.NoError(t, err)
	receiver.Next(t)
	sim.Turn(t, map[string]any{"latency_ms": 1})

	require.Equal(t, http.StatusOK, sim.Control(t, http.MethodPost, "/_sim/reset", nil).Status)

	require.EqualValues(t, 0, sim.Control(t, http.MethodGet, "/_sim/config", nil).JSON(t)["latency_ms"])
	require.Equal(t, map[string]any{"created": 0.0, "live": 0.0}, sim.Control(t, http.MethodGet, "/_sim/stats", nil).JSON(t)["customers"])
	require.False(t, sim.Stripe.Events.List(&stripe.EventListParams{}).Next())
	_, err = sim.Stripe.Customers.New(nil)
	require.NoError(t, err)
	receiver.Next(t)
}

func TestAllCustomersAreReadAtOnce(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	for range 120 {
		_, err := sim.Stripe.Customers.New(nil)
		require.NoError(t, err)
	}
	data, ok := sim.Control(t, http.MethodGet, "/_sim/customers", nil).JSON(t)["data"].([]any)
	require.True(t, ok)
	require.Len(t, data, 120)
}

func TestStrangersAreKeptOut(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	for name, headers := range map[string][]string{
		"a page of another site": {"Sec-Fetch-Site", "cross-site"},
		"another origin":         {"Origin", "https://evil.example"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, http.StatusForbidden, sim.Do(t, http.MethodPost, "/_sim/reset", "", headers...).Status)
			require.Equal(t, http.StatusForbidden, sim.Do(t, http.MethodPost, "/knobs/reset", "", headers...).Status)
		})
	}
}

func TestARenamedHostIsKeptOut(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, sim.URL+"/_sim/config", strings.NewReader(""))
	require.NoError(t, err)
	req.Host = "evil.example"
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusForbidden, resp.StatusCode)
}

func TestASubscriptionIsCanceledByHand(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	c, err := sim.Stripe.Customers.New(nil)
	require.NoError(t, err)
	made := sim.Control(t, http.MethodPost, "/_sim/customers/"+c.ID+"/subscriptions", map[string]any{"status": "trialing"}).JSON(t)
	require.Equal(t, "trialing", made["status"])
	ended := sim.Control(t, http.MethodDelete, fmt.Sprintf("/_sim/subscriptions/%v", made["id"]), nil).JSON(t)
	require.Equal(t, "canceled", ended["status"])
	require.Equal(t, http.StatusNotFound, sim.Control(t, http.MethodDelete, "/_sim/subscriptions/sub_x", nil).Status)
	types := []string{}
	list := sim.Stripe.Events.List(&stripe.EventListParams{})
	for list.Next() {
		types = append(types, string(list.Event().Type))
	}
	require.Equal(t, []string{"customer.subscription.deleted", "customer.subscription.created", "customer.created"}, types)
}
