package webhooks_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simtest"
)

func newServer(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func endpointParams(url string, types ...string) *stripe.WebhookEndpointParams {
	return &stripe.WebhookEndpointParams{URL: &url, EnabledEvents: stripe.StringSlice(types)}
}

func TestAnEndpointIsManagedThroughTheAPI(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	receiver := simtest.NewReceiver(t)
	params := endpointParams(receiver.URL, "customer.created")
	params.APIVersion, params.Description = new("2022-11-15"), new("ours")

	made, err := sim.Stripe.WebhookEndpoints.New(params)
	require.NoError(t, err)
	require.Regexp(t, `^whsec_`, made.Secret)
	require.Equal(t, "enabled", made.Status)
	require.Equal(t, "2022-11-15", made.APIVersion)
	got, err := sim.Stripe.WebhookEndpoints.Get(made.ID, nil)
	require.NoError(t, err)
	require.Empty(t, got.Secret, "the secret is shown once")
	require.Equal(t, []string{"customer.created"}, got.EnabledEvents)

	update := &stripe.WebhookEndpointParams{EnabledEvents: stripe.StringSlice([]string{"customer.deleted", "customer.updated"}), Disabled: new(true)}
	got, err = sim.Stripe.WebhookEndpoints.Update(made.ID, update)
	require.NoError(t, err)
	require.Equal(t, "disabled", got.Status)
	require.Equal(t, []string{"customer.deleted", "customer.updated"}, got.EnabledEvents)

	list := sim.Stripe.WebhookEndpoints.List(&stripe.WebhookEndpointListParams{})
	require.True(t, list.Next())
	require.False(t, list.Next())
	deleted, err := sim.Stripe.WebhookEndpoints.Del(made.ID, nil)
	require.NoError(t, err)
	require.True(t, deleted.Deleted)
	_, err = sim.Stripe.WebhookEndpoints.Get(made.ID, nil)
	require.ErrorContains(t, err, "No such webhook endpoint")
}

func TestAnEndpointGetsOnlyWhatItWants(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	receiver := simtest.NewReceiver(t)
	_, err := sim.Stripe.WebhookEndpoints.New(endpointParams(receiver.URL, "customer.deleted", "customer.tax_id.created"))
	require.NoError(t, err)

	c := create(t, sim)
	_, err = sim.Stripe.Customers.Del(c.ID, nil)
	require.NoError(t, err)

	simtest.Eventually(t, "one delivery was tried", func() bool { return receiver.Wrong() == 1 }) // signed with a secret of its own
	a := sim.Control(t, http.MethodPost, "/_sim/events", map[string]any{"type": "customer.tax_id.created", "object": map[string]any{"id": "txi_1"}})
	require.Equal(t, http.StatusCreated, a.Status, "%s", a.Body)
	simtest.Eventually(t, "and the event made up by hand", func() bool { return receiver.Wrong() == 2 })
}

func TestWrongEndpointsAreRefused(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	for name, test := range map[string]struct{ body, param string }{
		"no url":         {"enabled_events[]=*", "url"},
		"relative url":   {"url=/hook&enabled_events[]=*", "url"},
		"no events":      {"url=http://localhost/x", "enabled_events"},
		"empty events":   {"url=http://localhost/x&enabled_events=", "enabled_events"},
		"odd event":      {"url=http://localhost/x&enabled_events[]=Customer", "enabled_events[0]"},
		"odd version":    {"url=http://localhost/x&enabled_events[]=*&api_version=new", "api_version"},
		"preset secret":  {"url=http://localhost/x&enabled_events[]=*&secret=whsec_mine", "secret"},
		"chosen by hand": {"url=http://localhost/x&enabled_events[]=*&id=we_1", "id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := sim.Call(t, http.MethodPost, "/v1/webhook_endpoints", test.body)
			require.Equal(t, http.StatusBadRequest, a.Status, "%s", a.Body)
			require.Equal(t, test.param, a.Error(t)["param"])
		})
	}
}

func TestTheVersionOfAnEndpointIsSetAtItsCreationOnly(t *testing.T) {
	t.Parallel()
	receiver := simtest.NewReceiver(t)
	sim := simtest.Start(t, receiver.Preset)
	a := sim.Call(t, http.MethodPost, "/v1/webhook_endpoints/we_preset", "api_version=2022-11-15")
	require.Equal(t, "parameter_unknown", a.Error(t)["code"])
}

func TestThereAreAtMostSixteenEndpoints(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	for range 16 {
		_, err := sim.Stripe.WebhookEndpoints.New(endpointParams("http://localhost:1/x", "*"))
		require.NoError(t, err)
	}
	_, err := sim.Stripe.WebhookEndpoints.New(endpointParams("http://localhost:1/x", "*"))
	require.ErrorContains(t, err, "maximum of 16")
	_, err = sim.Live.WebhookEndpoints.New(endpointParams("http://localhost:1/x", "*"))
	require.NoError(t, err, "live mode has its own")
}

func TestWhatIsPendingForADeletedEndpointHasFailed(t *testing.T) {
	t.Parallel()
	receiver := simtest.NewReceiver(t)
	sim := simtest.Start(t, receiver.Preset)
	sim.Turn(t, map[string]any{"webhooks_paused": true})
	create(t, sim)
	_, err := sim.Stripe.WebhookEndpoints.Del("we_preset", nil)
	require.NoError(t, err)
	require.Zero(t, deliveries(t, sim)["pending"])
	sim.Turn(t, map[string]any{"webhooks_paused": false})
	receiver.None(t, 30*time.Millisecond)
}
