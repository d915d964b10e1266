package server_test

import (
	"maps"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/service/servicetest"
)

// restart stops the connector and starts it with other settings.
func (s *system) restart(change map[string]string) {
	s.t.Helper()
	s.connector.Stop(s.t)
	maps.Copy(s.env, change)
	s.connector = servicetest.Start(s.t, "stripe-connector", s.env)
}

// noticed waits until so many webhooks are stored.
func (s *system) noticed(want int64) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		var stored int64
		require.NoError(s.t, s.db.Raw(`SELECT count(*) FROM inbox`).Scan(&stored).Error)
		return stored == want
	}, patience, 20*time.Millisecond)
}

func TestASigningSecretIsRotatedWithoutLosingAWebhook(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	const fresh = "whsec_fresh"
	s.restart(map[string]string{"STRIPE_WEBHOOK_SECRET": secret + "," + fresh}) // before Stripe signs with it
	s.sim(http.MethodPost, "webhook_endpoints/we_preset/rotate_secret", map[string]any{"secret": fresh, "overlap_s": 0})
	s.sim(http.MethodPost, "customers", map[string]any{"name": "Ada"})
	s.noticed(1)
	s.restart(map[string]string{"STRIPE_WEBHOOK_SECRET": fresh}) // once the old one is done with
	s.sim(http.MethodPost, "customers", map[string]any{"name": "Grace"})
	s.noticed(2)
	require.NotContains(t, s.connector.Log(), "webhook refused")
	require.NotContains(t, s.connector.Log(), fresh)
}

func TestANewAPIKeyTakesUpWhatTheOldOneLeft(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	first, second := uuid.NewString(), uuid.NewString()
	s.publish(event.Snapshot{ID: first, Version: 1, Fields: fields("Ada")})
	s.linked(func(l link) bool { return l.State == "synced" })
	s.sim(http.MethodPatch, "config", map[string]any{"revoked_key": true})
	s.publish(event.Snapshot{ID: first, Version: 2, Fields: fields("Ada Lovelace")})
	s.publish(event.Snapshot{ID: second, Version: 1, Fields: fields("Grace")})
	require.Eventually(t, func() bool {
		_, answer := s.call(http.MethodGet, s.connector.URL+"/readyz?verbose", nil)
		return failing(answer)["stripe"] != ""
	}, patience, 20*time.Millisecond)
	s.connector.Stop(t)
	s.sim(http.MethodPatch, "config", map[string]any{"revoked_key": false})
	s.env["STRIPE_API_KEY"] = otherKey
	s.connector = servicetest.Start(t, "stripe-connector", s.env)
	require.Eventually(t, func() bool {
		var synced int64
		require.NoError(t, s.db.Raw(`SELECT count(*) FROM links WHERE state = 'synced' AND version = desired_version`).Scan(&synced).Error)
		return synced == 2
	}, patience, 20*time.Millisecond)
	require.Len(t, s.customers(), 2)
	require.NotContains(t, s.connector.Log(), otherKey)
}

func TestTheConnectorMakesItsOwnWebhookEndpoint(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	s.restart(map[string]string{"STRIPE_WEBHOOK_SECRET": "", "PUBLIC_URL": s.connector.URL})
	var made string
	require.Eventually(t, func() bool {
		require.NoError(t, s.db.Raw(`SELECT secret FROM webhook_endpoints`).Scan(&made).Error)
		return made != ""
	}, patience, 20*time.Millisecond)
	s.sim(http.MethodPost, "customers", map[string]any{"name": "Ada"})
	s.noticed(1)
	_, answer := s.call(http.MethodGet, s.connector.URL+"/readyz?verbose", nil)
	require.Empty(t, failing(answer)["webhook endpoint"])
	require.NotContains(t, s.connector.Log(), made)
}

func TestOperatorsMakeTheWebhookEndpoint(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	operators := admin.Client{URL: s.connector.URL, Key: operatorKey}
	var refused *admin.RequestError
	_, err := operators.EnsureWebhookEndpoint(t.Context(), "nowhere")
	require.ErrorAs(t, err, &refused)
	require.Equal(t, http.StatusUnprocessableEntity, refused.Status)

	adopted, err := operators.EnsureWebhookEndpoint(t.Context(), s.connector.URL)
	require.NoError(t, err)
	require.Equal(t, "we_preset", adopted.ID)
	require.Empty(t, adopted.Secret, "it is configured")
	seen, err := operators.WebhookEndpoint(t.Context())
	require.NoError(t, err)
	require.Equal(t, adopted, seen)
	entries, err := operators.Audit(t.Context(), admin.Page{})
	require.NoError(t, err)
	require.Equal(t, "webhook.ensure", entries.Data[0].Action)
}
