package e2e_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheConnectorKilledBetweenTheCallAndItsCommitMakesOneCustomer(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.knobs(object{"response_delay_ms": 2500}) // the customer is there, the answer is not
	a := s.rest(http.MethodPost, "/v1/customers", object{"name": "Ada"})
	require.Equal(t, http.StatusCreated, a.status)
	s.eventually("made in Stripe", func() bool { return s.created() == 1 })
	s.connector.Kill()
	s.knobs(object{"response_delay_ms": 0})
	s.startConnector()
	id := a.body.text("id")
	s.catalogShows(id, object{"sync": object{"stripe": object{"state": "synced"}}})
	require.Equal(t, 1, s.created())
}

func TestTheCatalogKilledRightAfterItsAnswerLosesNoEvent(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for round := range 3 {
		name := fmt.Sprintf("Ada %d", round)
		a := s.rest(http.MethodPost, "/v1/customers", object{"name": name})
		s.catalog.Kill()
		require.Equal(t, http.StatusCreated, a.status)
		s.startCatalog()
		s.catalogShows(a.body.text("id"), object{"name": name, "sync": object{"stripe": object{"state": "synced"}}})
	}
	require.Equal(t, 3, s.created())
}

func TestEveryServiceStopsInOrderWhenItIsAskedTo(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.create(object{"name": "Ada"})
	s.connector.Stop(t)
	s.catalog.Stop(t)
	s.simulator.Stop(t)
}

func TestAFailingStripeIsTriedAgainUntilItWorks(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.knobs(object{"error_rate_before": 0.15, "error_rate_after": 0.15, "drop_answer_rate": 0.05})
	const customers = 20
	ids := make([]string, 0, customers)
	for i := range customers {
		a := s.rest(http.MethodPost, "/v1/customers", object{"name": fmt.Sprint("Ada ", i), "email": fmt.Sprintf("ada%d@example.com", i)})
		require.Equal(t, http.StatusCreated, a.status)
		ids = append(ids, a.body.text("id"))
	}
	s.eventually("most customers get there all the same", func() bool {
		synced := s.rest(http.MethodGet, "/v1/customers?sync_state=synced", nil)
		return len(synced.body.list()) > customers/2
	})
	s.knobs(object{"error_rate_before": 0, "error_rate_after": 0, "drop_answer_rate": 0})
	for _, id := range ids {
		s.catalogShows(id, object{"sync": object{"stripe": object{"state": "synced"}}})
	}
	require.Equal(t, customers, s.created(), "one customer each, whatever Stripe answered")
}

func TestARevokedKeyPausesTheConnectorAndLosesNothing(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	id, stripeID := s.create(object{"name": "Ada"})
	s.knobs(object{"revoked_key": true})
	require.Equal(t, http.StatusOK, s.rest(http.MethodPatch, "/v1/customers/"+id, object{"name": "Ada 2"}).status)
	s.eventually("the catalog says why it is not synced", func() bool {
		state := s.rest(http.MethodGet, "/v1/customers/"+id, nil).body.object("sync").object("stripe")
		return state["state"] == "retrying" && state.object("last_error")["class"] == "operator"
	})
	s.knobs(object{"revoked_key": false})
	s.connector.Stop(t) // an operator sets a new key
	s.startConnector()
	s.catalogShows(id, object{"sync": object{"stripe": object{"state": "synced"}}})
	s.stripeShows(stripeID, object{"name": "Ada 2"})
}
