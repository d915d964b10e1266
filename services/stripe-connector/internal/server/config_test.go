package server_test

import (
	"context"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/service"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/server"
)

// environment is a valid one, changed.
func environment(change map[string]string) func(string) string {
	values := map[string]string{
		"DATABASE_URL": "postgres://x@localhost/x", "STRIPE_API_KEY": "sk_test_1", "STRIPE_WEBHOOK_SECRET": "whsec_1",
	}
	maps.Copy(values, change)
	return func(name string) string { return values[name] }
}

func TestTheDefaultsAreValid(t *testing.T) {
	t.Parallel()
	config, err := service.Load[server.Config](environment(nil))
	require.NoError(t, err)
	require.Equal(t, 3, config.Workers)
	require.False(t, config.Livemode())
	require.Equal(t, "https://api.stripe.com", config.APIURL)
}

func TestTheKeyTellsTheMode(t *testing.T) {
	t.Parallel()
	for key, live := range map[string]bool{
		"sk_live_1": true, "rk_live_1": true, "sk_test_1": false, "rk_test_1": false, "sk_1": false, "sk_test_sk_live_": false,
	} {
		config, err := service.Load[server.Config](environment(map[string]string{"STRIPE_API_KEY": key}))
		require.NoError(t, err, key)
		require.Equal(t, live, config.Livemode(), key)
	}
}

func TestSecretsAreSplitAndTrimmed(t *testing.T) {
	t.Parallel()
	config, err := service.Load[server.Config](environment(map[string]string{"STRIPE_WEBHOOK_SECRET": " whsec_1 ,, whsec_2\n"}))
	require.NoError(t, err)
	require.Equal(t, []string{"whsec_1", "whsec_2"}, config.WebhookSecrets)
}

func TestBadConfigurationNamesTheVariable(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{
		"DATABASE_URL=":                     "DATABASE_URL: is not set",
		"STRIPE_API_KEY=":                   "STRIPE_API_KEY: is not set",
		"STRIPE_API_KEY=pk_test_1":          "STRIPE_API_KEY: is a publishable key",
		"STRIPE_API_KEY=whsec_1":            "STRIPE_API_KEY: must begin with",
		"STRIPE_API_KEY=sk_test_1 2":        "STRIPE_API_KEY: must not contain spaces",
		"STRIPE_WEBHOOK_SECRET=":            "STRIPE_WEBHOOK_SECRET: is not set",
		"STRIPE_WEBHOOK_SECRET=,":           "STRIPE_WEBHOOK_SECRET: is not set",
		"STRIPE_WEBHOOK_SECRET=sk_test_1":   "STRIPE_WEBHOOK_SECRET: is an API key",
		"STRIPE_API_URL=api.stripe.com":     "STRIPE_API_URL: is not a complete URL",
		"STRIPE_API_URL=ftp://x":            "STRIPE_API_URL: is not a complete URL",
		"CONNECTOR_NAME=My Stripe":          "CONNECTOR_NAME: must be",
		"CONNECTOR_NAME=a.b":                "CONNECTOR_NAME: must be",
		"WORKERS=0":                         "WORKERS: must be from 1",
		"WORKERS=many":                      "WORKERS: is not a whole number",
		"RATE_LIMIT=-1":                     "RATE_LIMIT: must be",
		"RATE_LIMIT=NaN":                    "RATE_LIMIT: must be",
		"ENDPOINT_RATE_LIMIT=-1":            "ENDPOINT_RATE_LIMIT: must be",
		"CALL_TIMEOUT=10":                   "CALL_TIMEOUT: is not a duration",
		"CALL_TIMEOUT=1ms":                  "CALL_TIMEOUT: must be at least",
		"LEASE=20s":                         "LEASE: must be longer than CALL_TIMEOUT",
		"BOOTSTRAP_API_KEY=short":           "BOOTSTRAP_API_KEY: is shorter",
		"RABBITMQ_UI=localhost":             "RABBITMQ_UI: is not a complete URL",
		"REQUEST_RATE_LIMIT=-1":             "REQUEST_RATE_LIMIT: ",
		"SWEEP_EVERY=1s":                    "SWEEP_EVERY: must be at least",
		"SHUTDOWN_TIMEOUT=-1s":              "SHUTDOWN_TIMEOUT: must be above 0",
		"DELETE_POLICY=maybe":               "DELETE_POLICY: must be delete, detach or refuse",
		"STRIPE_API_KEY_FILE=/no/such/file": "STRIPE_API_KEY: STRIPE_API_KEY_FILE is set too",
	} {
		name, value, _ := strings.Cut(setting, "=")
		err := server.Run(t.Context(), environment(map[string]string{name: value}), io.Discard)
		require.ErrorContains(t, err, want, setting)
		require.NotContains(t, err.Error(), "_test_1", "no secret is shown")
	}
}

func TestALiveKeyDoesNotTravelInTheClear(t *testing.T) {
	t.Parallel()
	for url, fine := range map[string]bool{
		"https://proxy.example.com": true, "http://localhost:12111": true, "http://127.0.0.1:12111": true, "http://proxy.example.com": false,
	} {
		_, err := service.Load[server.Config](environment(map[string]string{"STRIPE_API_KEY": "sk_live_1", "STRIPE_API_URL": url}))
		require.Equal(t, fine, err == nil, url)
	}
}

func TestAnUnreachableDatabaseIsNamed(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // do not wait for it to start
	err := server.Run(ctx, environment(map[string]string{"DATABASE_URL": "postgres://x:hunter2@127.0.0.1:1/x"}), io.Discard)
	require.ErrorContains(t, err, "DATABASE_URL")
	require.NotContains(t, err.Error(), "hunter2")
}
