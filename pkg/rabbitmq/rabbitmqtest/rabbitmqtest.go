// Package rabbitmqtest gives each test a virtual host of its own in a real RabbitMQ.
package rabbitmqtest

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

const (
	defaultURL     = "amqp://guest:guest@localhost:5672/"
	managementPort = "15672"
	patience       = 20 * time.Second
)

// URL is the server that the tests use: AMQP_URL, or the one that `make deps` starts. Its management API is expected on
// the same host at port 15672, or at AMQP_MANAGEMENT_URL.
func URL() string { return cmp.Or(os.Getenv("AMQP_URL"), defaultURL) }

// VHost makes a fresh virtual host and returns the URL to connect to it. It is deleted, with all that is in it and
// everybody who is connected to it, when the test ends. Without a server the test fails.
func VHost(t testing.TB) (amqpURL string) {
	t.Helper()
	server, err := url.Parse(URL())
	require.NoError(t, err, "AMQP_URL")
	host := "test-" + uuid.NewString()
	call(t, http.MethodPut, "/api/vhosts/"+host, "{}", nil)
	t.Cleanup(func() { call(t, http.MethodDelete, "/api/vhosts/"+host, "", nil) })
	call(t, http.MethodPut, "/api/permissions/"+host+"/"+url.PathEscape(server.User.Username()),
		`{"configure":".*","write":".*","read":".*"}`, nil)
	server.Path, server.RawPath = "/"+host, ""
	return server.String()
}

// KillConnections closes every connection to the virtual host of amqpURL from the broker's side, as an operator could,
// and returns how many there were. The management API learns of a new connection with some delay: a test waits until
// as many as it expects have been closed.
func KillConnections(t testing.TB, amqpURL string) int {
	t.Helper()
	target, err := url.Parse(amqpURL)
	require.NoError(t, err)
	var connections []struct {
		Name string `json:"name"`
	}
	call(t, http.MethodGet, "/api/vhosts/"+strings.TrimPrefix(target.Path, "/")+"/connections", "", &connections)
	for _, c := range connections {
		call(t, http.MethodDelete, "/api/connections/"+url.PathEscape(c.Name), "", nil)
	}
	return len(connections)
}

func testContext() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience) // cleanups outlive the test's own context
}
