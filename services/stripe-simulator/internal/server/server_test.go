package server_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/pkg/service/servicetest"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/server"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/simtest"
)

func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func TestBadConfigurationIsToldAllAtOnce(t *testing.T) {
	t.Parallel()
	err := server.Run(t.Context(), environment(map[string]string{
		"STRIPE_API_KEY": "hello", "WEBHOOK_URL": "localhost", "CONTROL_FROM": "everywhere", "SIMULATOR_RATE_LIMIT": "-1", "SIMULATOR_ENDPOINT_RATE_LIMIT": "fast",
	}), &bytes.Buffer{})
	for _, name := range []string{"STRIPE_API_KEY", "WEBHOOK_URL", "STRIPE_WEBHOOK_SECRET", "CONTROL_FROM", "SIMULATOR_RATE_LIMIT", "SIMULATOR_ENDPOINT_RATE_LIMIT"} {
		require.ErrorContains(t, err, name)
	}
	require.NotContains(t, err.Error(), "hello", "never a value of a secret")
}

func TestADamagedStateFileStopsTheStart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	require.NoError(t, os.WriteFile(file, []byte("{"), 0o600))
	require.ErrorContains(t, server.Run(t.Context(), environment(map[string]string{"STATE_FILE": file}), &bytes.Buffer{}), "damaged")
}

func TestTheServiceServesAndStopsWhileACallWaits(t *testing.T) {
	t.Parallel()
	port := servicetest.FreePort(t)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- server.Run(ctx, environment(map[string]string{
			"ADDR": fmt.Sprintf("127.0.0.1:%d", port), "STRIPE_API_KEY": simtest.Key + ", " + simtest.LiveKey,
			"SIMULATOR_RATE_LIMIT": "1000", "STATE_FILE": filepath.Join(t.TempDir(), "state.json"),
		}), &bytes.Buffer{})
	}()
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	simtest.Eventually(t, "ready", func() bool { return status(t, url+"/readyz") == http.StatusOK })
	require.Equal(t, http.StatusOK, status(t, url+"/livez"))
	require.Equal(t, http.StatusOK, status(t, url+"/"))
	client := simtest.Client(url, simtest.LiveKey)
	_, err := client.Customers.New(nil)
	require.NoError(t, err)
	patch(t, url, `{"latency_ms":600000}`)
	refused := make(chan error, 1)
	go func() {
		_, err := client.Customers.New(&stripe.CustomerParams{Name: new("waits")})
		refused <- err
	}()
	simtest.Eventually(t, "the limit comes from the environment", func() bool { return strings.Contains(body(t, url+"/_sim/config"), `"account_limit":1000`) })

	began := time.Now()
	stop()

	require.NoError(t, <-ended)
	require.Less(t, time.Since(began), 8*time.Second)
	require.Error(t, <-refused)
}

func request(t *testing.T, method, url, body string) (*http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	return http.DefaultClient.Do(req)
}

func status(t *testing.T, url string) int {
	t.Helper()
	resp, err := request(t, http.MethodGet, url, "")
	if err != nil {
		return 0
	}
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

func body(t *testing.T, url string) string {
	t.Helper()
	resp, err := request(t, http.MethodGet, url, "")
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	var b bytes.Buffer
	_, err = b.ReadFrom(resp.Body)
	require.NoError(t, err)
	return b.String()
}

func patch(t *testing.T, url, knobs string) {
	t.Helper()
	resp, err := request(t, http.MethodPatch, url+"/_sim/config", knobs)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode)
}
