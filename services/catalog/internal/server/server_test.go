package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/pkg/rabbitmq/rabbitmqtest"
	"github.com/datasync-dev/datasync/pkg/service"
	"github.com/datasync-dev/datasync/pkg/service/servicetest"
	"github.com/datasync-dev/datasync/services/catalog/internal/server"
)

func environment(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{
		"DATABASE_URL": postgrestest.URL(), "DATABASE_SCHEMA": postgrestest.Schema(t), "AMQP_URL": rabbitmqtest.VHost(t),
	}
}

func request(t *testing.T, method, url, key, body string) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+key)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	var decoded map[string]any
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&decoded))
	return answer.StatusCode, decoded
}

func TestTheFirstKeyIsShownOnceAndWorks(t *testing.T) {
	t.Parallel()
	env := environment(t)
	pattern := regexp.MustCompile(`ds_[0-9A-Za-z]{43}`)
	first := servicetest.Start(t, "catalog", env)
	key := pattern.FindString(first.Log())
	require.NotEmpty(t, key, first.Log())
	status, customer := request(t, http.MethodPost, first.URL+"/v1/customers", key, `{"name": "Jane"}`)
	require.Equal(t, http.StatusCreated, status)
	first.Kill()

	second := servicetest.Start(t, "catalog", env)

	require.Empty(t, pattern.FindString(second.Log()))
	status, _ = request(t, http.MethodGet, second.URL+"/v1/customers/"+fmt.Sprint(customer["id"]), key, "")
	require.Equal(t, http.StatusOK, status, "what was answered with 201 is there after kill -9")
	second.Stop(t)
	require.Contains(t, second.Log(), "stopped")
}

func TestABootstrapKeyFromAFileExistsAfterTheStart(t *testing.T) {
	t.Parallel()
	env := environment(t)
	file := filepath.Join(t.TempDir(), "key")
	require.NoError(t, os.WriteFile(file, []byte("ds_chosen-by-an-operator\n"), 0o600))
	env["BOOTSTRAP_API_KEY_FILE"] = file

	p := servicetest.Start(t, "catalog", env)

	status, _ := request(t, http.MethodGet, p.URL+"/v1/customers", "ds_chosen-by-an-operator", "")
	require.Equal(t, http.StatusOK, status)
	require.NotContains(t, p.Log(), "ds_")
	require.Eventually(t, func() bool {
		status, ready := request(t, http.MethodGet, p.URL+"/readyz?verbose", "", "")
		checks, _ := ready["checks"].([]any)
		return status == http.StatusOK && len(checks) == 3 && !strings.Contains(fmt.Sprint(checks), "failed")
	}, 10*time.Second, 20*time.Millisecond)
}

func TestBadConfigurationIsListedAtOnce(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"CONFLICT_POLICY": "oldest", "CONFLICT_POLICY_FIELDS": "colour=remote", "BOOTSTRAP_API_KEY": "short", "REMOTES": "a.b", "RABBITMQ_UI": "rabbit",
		"SHUTDOWN_TIMEOUT": "soon",
	}
	_, err := service.Load[server.Config](func(name string) string { return env[name] })
	for _, name := range []string{"DATABASE_URL", "CONFLICT_POLICY:", "CONFLICT_POLICY_FIELDS:", "BOOTSTRAP_API_KEY", "REMOTES", "RABBITMQ_UI", "SHUTDOWN_TIMEOUT"} {
		require.ErrorContains(t, err, name)
	}
	require.NotContains(t, err.Error(), "short\n")
}
