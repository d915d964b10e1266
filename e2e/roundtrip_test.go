package e2e_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestACustomerIsTheSameOnBothSides(t *testing.T) {
	t.Parallel()
	s := start(t, nil)

	t.Log("created, edited, cleared and deleted through REST")
	id, stripeID := s.create(object{
		"name": "Ada", "email": "ada@example.com", "address": object{"city": "London", "country": "GB"}, "metadata": object{"plan": "pro"},
	})
	s.stripeShows(stripeID, object{
		"name": "Ada", "email": "ada@example.com", "address": object{"city": "London", "country": "GB"},
		"metadata": object{"plan": "pro", "datasync_id": "stripe:" + id},
	})
	a := s.rest(http.MethodPatch, "/v1/customers/"+id, object{"name": "Ada Lovelace", "email": nil, "address": object{"city": nil}})
	require.Equal(t, http.StatusOK, a.status, a.body)
	s.stripeShows(stripeID, object{"name": "Ada Lovelace", "email": nil, "address": object{"city": nil, "country": "GB"}})

	t.Log("edited and cleared in Stripe")
	s.byHand(http.MethodPost, "/"+stripeID, object{"phone": "+49301234", "name": nil, "metadata": object{"plan": "basic"}})
	s.catalogShows(id, object{"phone": "+49301234", "name": nil, "metadata": object{"plan": "basic"}})

	t.Log("deleted through REST")
	require.Equal(t, http.StatusOK, s.rest(http.MethodDelete, "/v1/customers/"+id, nil).status)
	s.eventually("deleted in Stripe", func() bool { return s.stripe("/v1/customers/" + stripeID).body["deleted"] == true })

	t.Log("restored: a new customer in Stripe")
	a = s.rest(http.MethodPost, "/v1/customers/"+id+"/restore", nil, "Prefer", "wait=10")
	require.Equal(t, http.StatusOK, a.status, a.body)
	again := a.body.object("sync").object("stripe").text("customer_id")
	require.NotEmpty(t, again)
	require.NotEqual(t, stripeID, again)

	t.Log("deleted in Stripe")
	s.byHand(http.MethodDelete, "/"+again, nil)
	s.eventually("deleted in the catalog", func() bool {
		return s.rest(http.MethodGet, "/v1/customers/"+id, nil).status != http.StatusOK
	})
}

func TestACustomerMadeInStripeAppearsInTheCatalog(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	stripeID := s.byHand(http.MethodPost, "", object{"name": "Grace", "email": "grace@example.com"}).body.text("id")
	var found []object
	s.eventually("listed in the catalog", func() bool {
		found = s.rest(http.MethodGet, "/v1/customers?stripe_customer_id="+stripeID, nil).body.list()
		return len(found) == 1
	})
	id := found[0].text("id")
	require.Equal(t, "Grace", found[0]["name"])
	a := s.rest(http.MethodPatch, "/v1/customers/"+id, object{"name": "Grace Hopper"}, "Prefer", "wait=10")
	require.Equal(t, "synced", a.body.object("sync").object("stripe")["state"], a.body)
	s.stripeShows(stripeID, object{"name": "Grace Hopper", "email": "grace@example.com"})
	s.byHand(http.MethodDelete, "/"+stripeID, nil)
	s.eventually("deleted in the catalog", func() bool {
		return s.rest(http.MethodGet, "/v1/customers/"+id, nil).status != http.StatusOK
	})
	require.Equal(t, 1, s.created())
}

func TestEditsOnBothSidesAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	id, stripeID := s.create(object{"name": "Ada", "phone": "1"})

	s.knobs(object{"webhooks_paused": true, "latency_ms": 300}) // neither side hears of the other in time
	require.Equal(t, http.StatusOK, s.rest(http.MethodPatch, "/v1/customers/"+id, object{"name": "from the catalog"}).status)
	s.byHand(http.MethodPost, "/"+stripeID, object{"phone": "2"})
	s.knobs(object{"webhooks_paused": false, "latency_ms": 0})
	both := object{"name": "from the catalog", "phone": "2"}
	s.catalogShows(id, both)
	s.stripeShows(stripeID, both)

	s.knobs(object{"webhooks_paused": true, "latency_ms": 300})
	s.byHand(http.MethodPost, "/"+stripeID, object{"name": "from Stripe"})
	require.Equal(t, http.StatusOK, s.rest(http.MethodPatch, "/v1/customers/"+id, object{"phone": "3"}).status)
	s.knobs(object{"webhooks_paused": false, "latency_ms": 0})
	both = object{"name": "from Stripe", "phone": "3"}
	s.catalogShows(id, both)
	s.stripeShows(stripeID, both)
}

func TestTheSameFieldEditedOnBothSidesIsSettledAndRecorded(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	id, stripeID := s.create(object{"name": "Ada"})
	s.connector.Kill() // so that each side edits without having heard of the other
	require.Equal(t, http.StatusOK, s.rest(http.MethodPatch, "/v1/customers/"+id, object{"name": "from the catalog"}).status)
	s.byHand(http.MethodPost, "/"+stripeID, object{"name": "from Stripe"})
	s.startConnector()
	var conflicts []object
	s.eventually("a conflict is recorded", func() bool {
		conflicts = s.rest(http.MethodGet, "/v1/customers/"+id+"/conflicts", nil).body.list()
		return len(conflicts) == 1
	})
	require.Equal(t, "name", conflicts[0]["field"])
	require.Equal(t, "from the catalog", conflicts[0]["catalog_value"])
	require.Equal(t, "from Stripe", conflicts[0]["remote_value"])
	name := s.rest(http.MethodGet, "/v1/customers/"+id, nil).body["name"]
	s.stripeShows(stripeID, object{"name": name})
}
