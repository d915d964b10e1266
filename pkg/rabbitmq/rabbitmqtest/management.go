package rabbitmqtest

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// call makes one request to the management API and decodes its answer into result, unless that is nil.
func call(t testing.TB, method, path, body string, result any) {
	t.Helper()
	server, err := url.Parse(URL())
	require.NoError(t, err, "AMQP_URL")
	base := cmp.Or(os.Getenv("AMQP_MANAGEMENT_URL"), "http://"+server.Hostname()+":"+managementPort)
	ctx, cancel := testContext()
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	password, _ := server.User.Password()
	request.SetBasicAuth(server.User.Username(), password)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err, "tests need RabbitMQ with its management plugin: run `make deps`, or set AMQP_URL")
	defer func() { _ = response.Body.Close() }()
	gone := method == http.MethodDelete && response.StatusCode == http.StatusNotFound
	require.True(t, gone || response.StatusCode < http.StatusMultipleChoices, "%s %s: %s", method, path, response.Status)
	if result != nil {
		require.NoError(t, json.NewDecoder(response.Body).Decode(result))
	}
}
