package stripeapi_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simtest"
)

func ada() *stripe.CustomerParams {
	return &stripe.CustomerParams{
		Name: new("Ada Lovelace"), Email: new("ada@example.com"), Phone: new("+442079460123"),
		Description: new("Analyst"), TaxExempt: new("exempt"), PreferredLocales: stripe.StringSlice([]string{"en-GB", "fr"}),
		Address: &stripe.AddressParams{Line1: new("12 St James's Square"), City: new("London"), Country: new("GB")},
		Shipping: &stripe.CustomerShippingParams{
			Name: new("Ada"), Phone: new("1"), Address: &stripe.AddressParams{City: new("Paris"), Country: new("FR")},
		},
		Metadata: map[string]string{"datasync_id": "stripe:1", "plan": "gold"},
	}
}

func stripeError(t *testing.T, err error) *stripe.Error {
	t.Helper()
	var e *stripe.Error
	require.True(t, errors.As(err, &e), "want an error of Stripe's, got %v", err)
	return e
}

func TestCreatedCustomerIsRetrievedAsItWasSent(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)

	created, err := sim.Stripe.Customers.New(ada())
	require.NoError(t, err)
	got, err := sim.Stripe.Customers.Get(created.ID, nil)
	require.NoError(t, err)

	require.Regexp(t, `^cus_[0-9A-Za-z]{14}$`, got.ID)
	require.Equal(t, "Ada Lovelace", got.Name)
	require.Equal(t, "ada@example.com", got.Email)
	require.Equal(t, "+442079460123", got.Phone)
	require.Equal(t, "Analyst", got.Description)
	require.Equal(t, []string{"en-GB", "fr"}, got.PreferredLocales)
	require.EqualValues(t, "exempt", got.TaxExempt)
	require.Equal(t, "London", got.Address.City)
	require.Equal(t, "GB", got.Address.Country)
	require.Equal(t, "Ada", got.Shipping.Name)
	require.Equal(t, "Paris", got.Shipping.Address.City)
	require.Equal(t, map[string]string{"datasync_id": "stripe:1", "plan": "gold"}, got.Metadata)
	require.False(t, got.Livemode)
	require.False(t, got.Deleted)
	require.Equal(t, int64(1), got.NextInvoiceSequence)
	require.Regexp(t, `^[0-9A-F]{8}$`, got.InvoicePrefix)
	require.Equal(t, created.Created, got.Created)
}

func TestEmptyCustomerHasEveryStandardProperty(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)

	got := sim.Call(t, http.MethodPost, "/v1/customers", "").JSON(t)

	want := map[string]any{
		"object": "customer", "address": nil, "balance": 0.0, "currency": nil, "default_source": nil, "delinquent": false,
		"description": nil, "discount": nil, "email": nil, "livemode": false, "metadata": map[string]any{}, "name": nil,
		"invoice_settings":      map[string]any{"custom_fields": nil, "default_payment_method": nil, "footer": nil, "rendering_options": nil},
		"next_invoice_sequence": 1.0, "phone": nil, "preferred_locales": []any{}, "shipping": nil, "tax_exempt": "none", "test_clock": nil,
	}
	for _, name := range []string{"id", "created", "invoice_prefix"} {
		require.Contains(t, got, name)
		delete(got, name)
	}
	require.Equal(t, want, got)
}

func TestUpdateChangesOnlyWhatIsSentAndEmptyClears(t *testing.T) {
	t.Parallel()
	address := func(changes map[string]any) map[string]any {
		a := map[string]any{"city": "London", "country": "GB", "line1": "12 St James's Square", "line2": nil, "postal_code": nil, "state": nil}
		maps.Copy(a, changes)
		return a
	}
	for name, test := range map[string]struct {
		body string
		want map[string]any
	}{
		"one field":                      {"name=Countess", map[string]any{"name": "Countess", "email": "ada@example.com", "phone": "+442079460123"}},
		"empty text clears":              {"phone=", map[string]any{"phone": nil, "name": "Ada Lovelace"}},
		"empty email clears":             {"email=", map[string]any{"email": nil}},
		"address merges by part":         {"address[city]=Ockham", map[string]any{"address": address(map[string]any{"city": "Ockham"})}},
		"empty part of address clears":   {"address[line1]=", map[string]any{"address": address(map[string]any{"line1": nil})}},
		"empty address clears it":        {"address=", map[string]any{"address": nil}},
		"empty shipping clears it":       {"shipping=", map[string]any{"shipping": nil}},
		"metadata merges":                {"metadata[plan]=silver&metadata[x]=y", map[string]any{"metadata": map[string]any{"datasync_id": "stripe:1", "plan": "silver", "x": "y"}}},
		"empty metadata value unsets":    {"metadata[plan]=", map[string]any{"metadata": map[string]any{"datasync_id": "stripe:1"}}},
		"unknown metadata key unset":     {"metadata[other]=", map[string]any{"metadata": map[string]any{"datasync_id": "stripe:1", "plan": "gold"}}},
		"empty metadata clears all":      {"metadata=", map[string]any{"metadata": map[string]any{}}},
		"locales are replaced":           {"preferred_locales[0]=de", map[string]any{"preferred_locales": []any{"de"}}},
		"locales without an index":       {"preferred_locales[]=de&preferred_locales[]=nl", map[string]any{"preferred_locales": []any{"de", "nl"}}},
		"empty locales clear":            {"preferred_locales=", map[string]any{"preferred_locales": []any{}}},
		"empty tax_exempt is none":       {"tax_exempt=", map[string]any{"tax_exempt": "none"}},
		"balance and invoice settings":   {"balance=-500&invoice_settings[footer]=Thanks&invoice_settings[custom_fields][0][name]=PO&invoice_settings[custom_fields][0][value]=7", map[string]any{"balance": -500.0, "invoice_settings": map[string]any{"custom_fields": []any{map[string]any{"name": "PO", "value": "7"}}, "default_payment_method": nil, "footer": "Thanks", "rendering_options": nil}}},
		"percent-encoded names and text": {"address%5Bcity%5D=S%C3%A3o+Paulo", map[string]any{"address": address(map[string]any{"city": "São Paulo"})}},
		"shipping keeps its other parts": {"shipping[name]=A&shipping[address][line1]=1", map[string]any{"shipping": map[string]any{"name": "A", "phone": "1", "address": map[string]any{"city": "Paris", "country": "FR", "line1": "1", "line2": nil, "postal_code": nil, "state": nil}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := simtest.Start(t)
			customer, err := sim.Stripe.Customers.New(ada())
			require.NoError(t, err)

			a := sim.Call(t, http.MethodPost, "/v1/customers/"+customer.ID, test.body)

			require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
			got := a.JSON(t)
			for property, want := range test.want {
				require.Equal(t, want, got[property], property)
			}
			require.Equal(t, got, sim.Call(t, http.MethodGet, "/v1/customers/"+customer.ID, "").JSON(t))
		})
	}
}

func TestWrongParametersAreRefusedByName(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	customer, err := sim.Stripe.Customers.New(ada())
	require.NoError(t, err)
	keys := url.Values{}
	for i := range 51 {
		keys.Set(fmt.Sprintf("metadata[k%d]", i), "v")
	}
	for name, test := range map[string]struct{ body, code, param string }{
		"unknown":                   {"naem=Ada", "parameter_unknown", "naem"},
		"unknown in a hash":         {"address[town]=x", "parameter_unknown", "address[town]"},
		"two unknown":               {"a=1&b=2", "parameter_unknown", "a"},
		"unknown before others":     {"email=nope&zip=1", "parameter_unknown", "zip"},
		"email without domain":      {"email=ada", "email_invalid", "email"},
		"email without dot":         {"email=ada@localhost", "email_invalid", "email"},
		"email with a space":        {"email=ada+l@example.com", "email_invalid", "email"},
		"email too long":            {"email=" + strings.Repeat("a", 510) + "@example.com", "", "email"},
		"name too long":             {"name=" + strings.Repeat("a", 257), "", "name"},
		"phone too long":            {"phone=" + strings.Repeat("1", 21), "", "phone"},
		"description too long":      {"description=" + strings.Repeat("a", 5001), "", "description"},
		"name as a hash":            {"name[first]=Ada", "", "name"},
		"address as a text":         {"address=London", "", "address"},
		"metadata as a text":        {"metadata=x", "", "metadata"},
		"locales as a text":         {"preferred_locales=en", "", "preferred_locales"},
		"country":                   {"address[country]=Britain", "", "address[country]"},
		"country that does not be":  {"address[country]=ZZ", "", "address[country]"},
		"shipping country":          {"shipping[name]=A&shipping[address][country]=X", "", "shipping[address][country]"},
		"tax_exempt":                {"tax_exempt=maybe", "", "tax_exempt"},
		"balance":                   {"balance=1.5", "parameter_invalid_integer", "balance"},
		"51 metadata keys":          {keys.Encode(), "", "metadata"},
		"metadata key too long":     {"metadata[" + strings.Repeat("k", 41) + "]=v", "", "metadata[" + strings.Repeat("k", 41) + "]"},
		"metadata value too long":   {"metadata[k]=" + strings.Repeat("v", 501), "", "metadata[k]"},
		"metadata key with bracket": {"metadata[a[b]]=v", "", "metadata[a[b]]"},
		"metadata value as a hash":  {"metadata[a][b]=v", "", "metadata[a]"},
		"shipping without name":     {"shipping[address][line1]=x", "parameter_missing", "shipping[name]"},
		"shipping without address":  {"shipping[name]=x", "parameter_missing", "shipping[address]"},
		"shipping with empty name":  {"shipping[name]=&shipping[address][line1]=x", "parameter_invalid_empty", "shipping[name]"},
		"payment method":            {"invoice_settings[default_payment_method]=pm_1", "resource_missing", "invoice_settings[default_payment_method]"},
		"invoice prefix":            {"invoice_prefix=ab", "", "invoice_prefix"},
		"expand":                    {"expand[]=friends", "", "expand"},
		"broken percent-encoding":   {"name=%zz", "", ""},
		"not UTF-8":                 {"name=%ff", "", ""},
		"unbalanced brackets":       {"address[city=x", "", "address[city"},
	} {
		for _, path := range []string{"/v1/customers", "/v1/customers/" + customer.ID} {
			t.Run(name+" at "+path[:13], func(t *testing.T) {
				t.Parallel()
				a := sim.Call(t, http.MethodPost, path, test.body)
				require.Equal(t, http.StatusBadRequest, a.Status, "%s", a.Body)
				e := a.Error(t)
				require.Equal(t, "invalid_request_error", e["type"])
				require.NotEmpty(t, e["message"])
				if test.param != "" {
					require.Equal(t, test.param, e["param"])
				}
				if test.code != "" {
					require.Equal(t, test.code, e["code"])
					require.Contains(t, e["doc_url"], strings.ReplaceAll(test.code, "_", "-"))
				}
			})
		}
	}
	t.Cleanup(func() {
		got, err := retrieve(sim, customer.ID)
		require.NoError(t, err)
		require.Equal(t, "Ada Lovelace", got.Name, "a refused call must change nothing")
	})
}

// retrieve reads outside of a test's context, which has ended when cleanups run.
func retrieve(sim *simtest.Sim, id string) (*stripe.Customer, error) {
	return sim.Stripe.Customers.Get(id, nil)
}

func TestDeletedCustomerStaysDeleted(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	customer, err := sim.Stripe.Customers.New(ada())
	require.NoError(t, err)

	deleted, err := sim.Stripe.Customers.Del(customer.ID, nil)
	require.NoError(t, err)
	require.True(t, deleted.Deleted)

	a := sim.Call(t, http.MethodGet, "/v1/customers/"+customer.ID, "")
	require.Equal(t, http.StatusOK, a.Status)
	require.Equal(t, map[string]any{"id": customer.ID, "object": "customer", "deleted": true}, a.JSON(t))

	_, err = sim.Stripe.Customers.Update(customer.ID, &stripe.CustomerParams{Name: new("x")})
	require.Equal(t, http.StatusNotFound, stripeError(t, err).HTTPStatusCode)
	require.Equal(t, stripe.ErrorCodeResourceMissing, stripeError(t, err).Code)

	_, err = sim.Stripe.Customers.Del(customer.ID, nil)
	require.Equal(t, stripe.ErrorCodeResourceMissing, stripeError(t, err).Code)

	list := sim.Stripe.Customers.List(&stripe.CustomerListParams{})
	require.False(t, list.Next(), "a deleted customer is not listed")
}

func TestUnknownCustomerIsMissing(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)

	_, err := sim.Stripe.Customers.Get("cus_nobody", nil)

	e := stripeError(t, err)
	require.Equal(t, http.StatusNotFound, e.HTTPStatusCode)
	require.Equal(t, stripe.ErrorCodeResourceMissing, e.Code)
	require.Equal(t, "id", e.Param)
	require.Equal(t, "No such customer: 'cus_nobody'", e.Msg)
	require.NotEmpty(t, e.RequestID)
}

func TestTestAndLiveModeDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	customer, err := sim.Live.Customers.New(ada())
	require.NoError(t, err)
	require.True(t, customer.Livemode)

	_, err = sim.Stripe.Customers.Get(customer.ID, nil)

	require.Contains(t, stripeError(t, err).Msg, "a similar object exists in live mode, but a test mode key was used")
	require.False(t, sim.Stripe.Customers.List(&stripe.CustomerListParams{}).Next())
}

func TestExpandedSubscriptionsAreShown(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	customer, err := sim.Stripe.Customers.New(ada())
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, sim.Control(t, http.MethodPost, "/_sim/customers/"+customer.ID+"/subscriptions", nil).Status)

	params := &stripe.CustomerParams{}
	params.AddExpand("subscriptions")
	got, err := sim.Stripe.Customers.Get(customer.ID, params)

	require.NoError(t, err)
	require.Len(t, got.Subscriptions.Data, 1)
	require.Equal(t, stripe.SubscriptionStatusActive, got.Subscriptions.Data[0].Status)
}
