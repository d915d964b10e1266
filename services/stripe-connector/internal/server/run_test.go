package server_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/service/servicetest"
)

func TestACustomerMadeAtStripeIsTakenIn(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	made := s.sim(http.MethodPost, "customers", map[string]any{"name": "Ada", "metadata": map[string]string{"plan": "pro"}})
	l := s.linked(func(l link) bool { return l.RemoteID == made["id"] && l.Shadow != "" })
	require.JSONEq(t, `{"name":"Ada","metadata.plan":"pro"}`, l.Shadow)
	var inbox []struct{ Type, RemoteID, Outcome string }
	require.NoError(t, s.db.Raw(`SELECT type, remote_id, outcome FROM inbox`).Scan(&inbox).Error)
	require.Len(t, inbox, 1)
	require.Equal(t, "customer.created", inbox[0].Type)
	s.connector.Stop(t)
}

func TestAnEventOfTheCatalogBecomesACustomer(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	id := uuid.NewString()
	s.publish(event.Snapshot{ID: id, Version: 1, Fields: fields("Ada")})
	l := s.linked(func(l link) bool { return l.State == "synced" && l.Version == 1 })
	require.Equal(t, id, l.LocalID)
	customer := s.sim(http.MethodGet, "customers/"+l.RemoteID, nil)
	require.Equal(t, "Ada", customer["name"])
	require.Equal(t, map[string]any{"datasync_id": "stripe:" + id, "datasync_version": "1"}, customer["metadata"])

	changed := fields("Ada Lovelace")
	delete(changed, "email")
	s.publish(event.Snapshot{ID: id, Version: 2, Fields: changed})
	s.linked(func(l link) bool { return l.State == "synced" && l.Version == 2 })
	customer = s.sim(http.MethodGet, "customers/"+l.RemoteID, nil)
	require.Equal(t, "Ada Lovelace", customer["name"])
	require.Nil(t, customer["email"])

	s.publish(event.Snapshot{ID: id, Version: 3, Deleted: true})
	s.linked(func(l link) bool { return l.State == "deleted" })
	require.Equal(t, true, s.sim(http.MethodGet, "customers/"+l.RemoteID, nil)["deleted"])
	s.connector.Stop(t)
}

func TestAConnectorKilledDuringACreateMakesOneCustomer(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"CALL_TIMEOUT": "2s", "LEASE": "3s"})
	s.sim(http.MethodPatch, "config", map[string]any{"response_delay_ms": 1500})
	s.publish(event.Snapshot{ID: uuid.NewString(), Version: 1, Fields: fields("Ada")})
	require.Eventually(t, func() bool { return len(s.customers()) == 1 }, patience, 10*time.Millisecond)
	s.connector.Kill() // Stripe has it; nobody here has heard
	s.sim(http.MethodPatch, "config", map[string]any{"response_delay_ms": 0})
	s.connector = servicetest.Start(t, "stripe-connector", s.env)
	s.linked(func(l link) bool { return l.State == "synced" && l.RemoteID != "" })
	require.Len(t, s.customers(), 1)
}

func TestARefusedRecordIsParkedWithItsField(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	bad := fields("Ada")
	bad["email"] = "ada.secret at example.com"
	id := uuid.NewString()
	s.publish(event.Snapshot{ID: id, Version: 1, Fields: bad})
	l := s.linked(func(l link) bool { return l.State == "failed" })
	require.Contains(t, l.Error, `"field": "email"`)
	require.NotContains(t, l.Error+s.connector.Log(), "ada.secret")
	s.publish(event.Snapshot{ID: id, Version: 2, Fields: fields("Ada")})
	s.linked(func(l link) bool { return l.State == "synced" && l.Error == "" })
}

func TestARevokedKeyPausesAndShows(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.sim(http.MethodPatch, "config", map[string]any{"revoked_key": true})
	s.publish(event.Snapshot{ID: uuid.NewString(), Version: 1, Fields: fields("Ada")})
	require.Eventually(t, func() bool {
		status, answer := s.call(http.MethodGet, s.connector.URL+"/readyz?verbose", nil)
		require.Equal(t, http.StatusOK, status, "webhooks are taken in all the same")
		return failing(answer)["stripe"] != ""
	}, patience, 20*time.Millisecond)
	_, answer := s.call(http.MethodGet, s.connector.URL+"/readyz?verbose", nil)
	require.Contains(t, failing(answer)["stripe"], "STRIPE_API_KEY")
	require.Equal(t, 1, strings.Count(s.connector.Log(), "no more calls for now"), "the log says it once")
}

func TestWebhooksAreStoredWhileTheBrokerIsAway(t *testing.T) {
	t.Parallel()
	closed := "amqp://guest:guest@127.0.0.1:" + strconv.Itoa(servicetest.FreePort(t)) + "/"
	s := start(t, map[string]string{"AMQP_URL": closed})
	_, answer := s.call(http.MethodGet, s.connector.URL+"/readyz?verbose", nil)
	require.NotEmpty(t, failing(answer)["broker"])
	made := s.sim(http.MethodPost, "customers", map[string]any{"name": "Ada"})
	s.linked(func(l link) bool { return l.RemoteID == made["id"] && l.Shadow != "" })
	s.connector.Stop(t)
}

func TestAnUnsignedWebhookIsRefused(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	status, answer := s.call(http.MethodPost, s.connector.URL+"/webhooks/stripe", map[string]any{"id": "evt_1", "type": "customer.created"})
	require.Equal(t, http.StatusBadRequest, status)
	require.Equal(t, "signature_missing", answer["code"])
	status, _ = s.call(http.MethodGet, s.connector.URL+"/webhooks/stripe", nil)
	require.Equal(t, http.StatusMethodNotAllowed, status)
	status, _ = s.call(http.MethodGet, s.connector.URL+"/metrics", nil)
	require.Equal(t, http.StatusOK, status)
	var inbox int64
	require.NoError(t, s.db.Raw(`SELECT count(*) FROM inbox`).Scan(&inbox).Error)
	require.Zero(t, inbox)
}

// failing are the checks of /readyz?verbose that fail, and why.
func failing(answer map[string]any) map[string]string {
	reasons := map[string]string{}
	checks, _ := answer["checks"].([]any)
	for _, c := range checks {
		check, _ := c.(map[string]any)
		name, _ := check["name"].(string)
		reason, _ := check["error"].(string)
		if reason != "" {
			reasons[name] = reason
		}
	}
	return reasons
}
