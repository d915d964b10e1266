package stripeapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simtest"
)

func events(t *testing.T, sim *simtest.Sim, query string) []*stripe.Event {
	t.Helper()
	a := sim.Call(t, http.MethodGet, "/v1/events?limit=100&"+query, "")
	require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
	var list stripe.EventList
	require.NoError(t, json.Unmarshal(a.Body, &list))
	return list.Data
}

func TestEachChangeIsToldOnce(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	params := ada()
	params.SetIdempotencyKey("key-of-create")
	customer, err := sim.Stripe.Customers.New(params)
	require.NoError(t, err)
	_, err = sim.Stripe.Customers.New(params) // replayed
	require.NoError(t, err)
	update := &stripe.CustomerParams{Name: new("Countess")}
	update.SetIdempotencyKey("key-of-update")
	updated, err := sim.Stripe.Customers.Update(customer.ID, update)
	require.NoError(t, err)
	_, err = sim.Stripe.Customers.Update(customer.ID, &stripe.CustomerParams{Name: new("Countess")}) // changes nothing
	require.NoError(t, err)
	deleteParams := &stripe.CustomerParams{}
	deleteParams.SetIdempotencyKey("key-of-delete")
	deleted, err := sim.Stripe.Customers.Del(customer.ID, deleteParams)
	require.NoError(t, err)

	got := events(t, sim, "")

	require.Len(t, got, 3, "newest first")
	require.EqualValues(t, "customer.deleted", got[0].Type)
	require.EqualValues(t, "customer.updated", got[1].Type)
	require.EqualValues(t, "customer.created", got[2].Type)
	require.Equal(t, "key-of-create", got[2].Request.IdempotencyKey)
	require.Equal(t, customer.LastResponse.RequestID, got[2].Request.ID)
	require.Equal(t, "key-of-update", got[1].Request.IdempotencyKey)
	require.Equal(t, updated.LastResponse.RequestID, got[1].Request.ID)
	require.Empty(t, got[0].Request.IdempotencyKey, "on a DELETE a key has no effect")
	require.Equal(t, deleted.LastResponse.RequestID, got[0].Request.ID)
	require.Equal(t, map[string]any{"name": "Ada Lovelace"}, got[1].Data.PreviousAttributes)
	require.Nil(t, got[2].Data.PreviousAttributes)
	require.Nil(t, got[0].Data.PreviousAttributes)
	require.Equal(t, "Ada Lovelace", got[2].Data.Object["name"], "frozen as it was")
	require.Equal(t, "Countess", got[0].Data.Object["name"])
	for _, e := range got {
		require.Equal(t, "2023-10-16", e.APIVersion)
		require.Regexp(t, `^evt_1[0-9A-Za-z]{23}$`, e.ID)
		require.Equal(t, customer.ID, e.Data.Object["id"])
		require.False(t, e.Livemode)
		require.Zero(t, e.PendingWebhooks)
	}
	one, err := sim.Stripe.Events.Get(got[1].ID, nil)
	require.NoError(t, err)
	require.Equal(t, got[1].Data.PreviousAttributes, one.Data.PreviousAttributes)
	_, err = sim.Stripe.Events.Get("evt_x", nil)
	require.Equal(t, stripe.ErrorCodeResourceMissing, stripeError(t, err).Code)
}

func TestPreviousAttributesHoldOldValuesOfWhatChanged(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body string
		want string
	}{
		"text":                  {"name=B&email=b@example.com", `{"name":"Ada Lovelace","email":"ada@example.com"}`},
		"text cleared":          {"phone=", `{"phone":"+442079460123"}`},
		"part of the address":   {"address[city]=Ockham&address[state]=Surrey", `{"address":{"city":"London","state":null}}`},
		"address cleared":       {"address=", `{"address":{"city":"London","country":"GB","line1":"12 St James's Square","line2":null,"postal_code":null,"state":null}}`},
		"part of shipping":      {"shipping[name]=Ada&shipping[address][city]=Rome", `{"shipping":{"address":{"city":"Paris"}}}`},
		"metadata set":          {"metadata[plan]=silver&metadata[new]=1", `{"metadata":{"plan":"gold","new":null}}`},
		"metadata unset":        {"metadata[plan]=", `{"metadata":{"plan":"gold"}}`},
		"locales":               {"preferred_locales[0]=de", `{"preferred_locales":["en-GB","fr"]}`},
		"tax_exempt":            {"tax_exempt=none", `{"tax_exempt":"exempt"}`},
		"invoice settings":      {"invoice_settings[footer]=x&balance=5", `{"invoice_settings":{"footer":null},"balance":0}`},
		"same and other values": {"name=Ada+Lovelace&description=x", `{"description":"Analyst"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := simtest.Start(t)
			customer, err := sim.Stripe.Customers.New(ada())
			require.NoError(t, err)
			require.Equal(t, http.StatusOK, sim.Call(t, http.MethodPost, "/v1/customers/"+customer.ID, test.body).Status)
			got, err := json.Marshal(events(t, sim, "type=customer.updated")[0].Data.PreviousAttributes)
			require.NoError(t, err)
			require.JSONEq(t, test.want, string(got))
		})
	}
}

func TestAddressThatAppearsWasNull(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	customer, err := sim.Stripe.Customers.New(nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, sim.Call(t, http.MethodPost, "/v1/customers/"+customer.ID, "address[city]=x").Status)
	require.Equal(t, map[string]any{"address": nil}, events(t, sim, "type=customer.updated")[0].Data.PreviousAttributes)
}

func TestEventsAreFilteredAndPaged(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	ids := fill(t, sim, 3)
	_, err := sim.Stripe.Customers.Del(ids[0], nil)
	require.NoError(t, err)
	all := events(t, sim, "")
	require.Len(t, all, 4)

	require.Len(t, events(t, sim, "type=customer.deleted"), 1)
	require.Len(t, events(t, sim, "type=customer.*"), 4)
	require.Len(t, events(t, sim, "types[]=customer.deleted&types[]=customer.created"), 4)
	require.Len(t, events(t, sim, "types[0]=customer.updated"), 0)
	require.Len(t, events(t, sim, "created[gt]=99999999999"), 0)
	require.Equal(t, all[2:], events(t, sim, "starting_after="+all[1].ID))
	require.Equal(t, all[:1], events(t, sim, "ending_before="+all[1].ID))
	require.Equal(t, "types", sim.Call(t, http.MethodGet, "/v1/events?"+strings.Repeat("types[]=customer.created&", 21), "").Error(t)["param"])
	require.Equal(t, "types", sim.Call(t, http.MethodGet, "/v1/events?type=a.b&types[]=c.d", "").Error(t)["param"])
	require.Equal(t, "delivery_success", sim.Call(t, http.MethodGet, "/v1/events?delivery_success=maybe", "").Error(t)["param"])
}

func TestEventsAreKeptForThirtyDays(t *testing.T) {
	t.Parallel()
	sim := simtest.Start(t)
	fill(t, sim, 1)
	sim.Turn(t, map[string]any{"clock_offset_s": 30*24*3600 + 60})
	fill(t, sim, 1)
	require.Len(t, events(t, sim, ""), 1)
}
