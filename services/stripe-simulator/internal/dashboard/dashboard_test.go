package dashboard_test

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simtest"
)

// submit sends a form as a browser does and follows the redirect.
func submit(t *testing.T, sim *simtest.Sim, path string, fields url.Values) simtest.Answer {
	t.Helper()
	return sim.Do(t, http.MethodPost, path, fields.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
}

func ada(t *testing.T, sim *simtest.Sim) *stripe.Customer {
	t.Helper()
	c, err := sim.Stripe.Customers.New(&stripe.CustomerParams{
		Name: new("Ada <b>"), Email: new("ada@example.com"), Metadata: map[string]string{"plan": "gold"},
		Address:  &stripe.AddressParams{City: new("London")},
		Shipping: &stripe.CustomerShippingParams{Name: new("A"), Address: &stripe.AddressParams{Line1: new("1"), City: new("Rome")}},
	})
	require.NoError(t, err)
	return c
}

func TestPagesShowWhatThereIs(t *testing.T) {
	t.Parallel()
	receiver := simtest.NewReceiver(t)
	sim := simtest.Start(t, receiver.Preset)
	c := ada(t, sim)
	event := receiver.Next(t)
	for path, want := range map[string][]string{
		"/":                   {"Ada &lt;b&gt;", "ada@example.com", c.ID, "customer.created"},
		"/?q=ADA@":            {c.ID},
		"/?q=nobody":          {"No customer matches"},
		"/customers/new":      {"Create customer"},
		"/customers/" + c.ID:  {`value="ada@example.com"`, "London", "metadata[plan]", "/v1/customers", "Delete this customer"},
		"/events":             {"customer.created", receiver.URL},
		"/events/" + event.ID: {"&#34;type&#34;: &#34;customer.created&#34;", "we_preset"},
		"/knobs":              {"latency_ms", "webhook_duplicate_rate", "500, 1000"},
		"/style.css":          {"light-dark"},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			a := sim.Do(t, http.MethodGet, path, "")
			require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
			if path != "/style.css" {
				require.Contains(t, a.Header.Get("Content-Security-Policy"), "default-src 'none'")
			}
			for _, text := range want {
				require.Contains(t, string(a.Body), text)
			}
			require.NotContains(t, string(a.Body), "<script")
		})
	}
	require.Equal(t, http.StatusNotFound, sim.Do(t, http.MethodGet, "/customers/cus_x", "").Status)
	require.Equal(t, http.StatusNotFound, sim.Do(t, http.MethodGet, "/events/evt_x", "").Status)
}

func TestOnlyWhatWasChangedInTheFormIsSaved(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	c := ada(t, sim)
	// Somebody else changes the name while the form is open.
	_, err := sim.Stripe.Customers.Update(c.ID, &stripe.CustomerParams{Name: new("Other")})
	require.NoError(t, err)

	a := submit(t, sim, "/customers/"+c.ID, url.Values{
		"name": {"Ada <b>"}, "was:name": {"Ada <b>"}, "phone": {"7"}, "was:phone": {""}, "email": {""}, "was:email": {"ada@example.com"},
		"preferred_locales": {"en, de"}, "was:preferred_locales": {""}, "address[city]": {""}, "was:address[city]": {"London"},
		"shipping[name]": {"A"}, "was:shipping[name]": {"A"}, "shipping[address][line1]": {"1"}, "was:shipping[address][line1]": {"1"},
		"shipping[address][city]": {"Pisa"}, "was:shipping[address][city]": {"Rome"},
		"metadata[plan]": {""}, "was:metadata[plan]": {"gold"}, "new_key": {"k"}, "new_value": {"v"},
	})

	require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
	require.Contains(t, string(a.Body), "Saved.")
	got, err := sim.Stripe.Customers.Get(c.ID, nil)
	require.NoError(t, err)
	require.Equal(t, "Other", got.Name, "what nobody touched in the form stays as it is now")
	require.Equal(t, "7", got.Phone)
	require.Empty(t, got.Email)
	require.Nil(t, got.Address, "the last part was emptied")
	require.Equal(t, "Pisa", got.Shipping.Address.City)
	require.Equal(t, "1", got.Shipping.Address.Line1)
	require.Equal(t, []string{"en", "de"}, got.PreferredLocales)
	require.Equal(t, map[string]string{"k": "v"}, got.Metadata)
	require.Contains(t, string(submit(t, sim, "/customers/"+c.ID, url.Values{"name": {"x"}, "was:name": {"x"}}).Body), "Nothing was changed.")
}

func TestMistakesInTheFormAreShownWithWhatWasTyped(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	c := ada(t, sim)
	for _, path := range []string{"/customers/" + c.ID, "/customers/new"} {
		a := submit(t, sim, path, url.Values{"email": {"oops"}, "was:email": {""}, "name": {"Typed"}, "was:name": {""}, "new_key": {"k"}, "new_value": {"v"}})
		require.Equal(t, http.StatusUnprocessableEntity, a.Status)
		require.Contains(t, string(a.Body), "Invalid email address: oops")
		require.Contains(t, string(a.Body), `value="Typed"`)
		require.Contains(t, string(a.Body), `value="k"`)
	}
	got, err := sim.Stripe.Customers.Get(c.ID, nil)
	require.NoError(t, err)
	require.Equal(t, "Ada <b>", got.Name)
}

func TestACustomerIsCreatedSubscribedAndDeletedByHand(t *testing.T) {
	t.Parallel()
	receiver := simtest.NewReceiver(t)
	sim := simtest.Start(t, receiver.Preset)

	a := submit(t, sim, "/customers/new", url.Values{"name": {"Eve"}, "was:name": {""}, "tax_exempt": {"exempt"}, "was:tax_exempt": {"none"}})
	require.Contains(t, string(a.Body), "The customer is created.")
	event := receiver.Next(t)
	id, ok := event.Data.Object["id"].(string)
	require.True(t, ok)
	require.Equal(t, "exempt", event.Data.Object["tax_exempt"])
	require.Empty(t, event.Request.ID)

	require.Contains(t, string(submit(t, sim, "/customers/"+id+"/subscriptions", nil).Body), "sub_1")
	require.Contains(t, string(submit(t, sim, "/customers/"+id+"/delete", nil).Body), "deleted for ever")
	require.EqualValues(t, "customer.deleted", receiver.Next(t).Type)
	require.Equal(t, http.StatusNotFound, submit(t, sim, "/customers/"+id+"/delete", nil).Status)
	require.Contains(t, string(submit(t, sim, "/events/"+event.ID+"/resend", nil).Body), "sent again")
	require.Equal(t, event.ID, receiver.Next(t).ID)
}

func TestADisabledEndpointIsEnabledByHand(t *testing.T) {
	t.Parallel()
	receiver := simtest.NewReceiver(t)
	sim := simtest.Start(t, receiver.Preset)
	_, err := sim.Stripe.WebhookEndpoints.Update("we_preset", &stripe.WebhookEndpointParams{Disabled: new(true)})
	require.NoError(t, err)
	require.Contains(t, string(sim.Do(t, http.MethodGet, "/events", "").Body), "disabled")
	require.Contains(t, string(submit(t, sim, "/endpoints/we_preset/enable", nil).Body), "The endpoint is enabled")
	ada(t, sim)
	receiver.Next(t)
	require.Equal(t, http.StatusNotFound, submit(t, sim, "/endpoints/we_x/enable", nil).Status)
}

func TestKnobsAreTurnedOnThePage(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	fields := url.Values{}
	for name, value := range sim.Control(t, http.MethodGet, "/_sim/config", nil).JSON(t) {
		switch v := value.(type) {
		case float64:
			fields.Set(name, jsonNumber(v))
		case string:
			fields.Set(name, v)
		}
	}
	fields.Set("webhook_retry_ms", "10, 20")
	fields.Set("latency_ms", "12")
	fields.Set("revoked_key", "true")
	fields.Set("outage", "503")

	a := submit(t, sim, "/knobs", fields)

	require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
	got := sim.Control(t, http.MethodGet, "/_sim/config", nil).JSON(t)
	require.EqualValues(t, 12, got["latency_ms"])
	require.Equal(t, true, got["revoked_key"])
	require.Equal(t, "503", got["outage"])
	require.Equal(t, []any{10.0, 20.0}, got["webhook_retry_ms"])
	fields.Set("latency_ms", "soon")
	a = submit(t, sim, "/knobs", fields)
	require.Equal(t, http.StatusUnprocessableEntity, a.Status)
	require.Contains(t, string(a.Body), "latency_ms")
	require.Contains(t, string(a.Body), `value="soon"`)
	require.Contains(t, string(submit(t, sim, "/knobs/reset", nil).Body), "back to normal")
	require.Equal(t, "off", sim.Control(t, http.MethodGet, "/_sim/config", nil).JSON(t)["outage"])
}

func jsonNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
