package upstream_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/consoletest"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

func world(t *testing.T) *consoletest.World {
	t.Helper()
	w := consoletest.New(time.Now())
	t.Cleanup(w.Close)
	return w
}

func status(ctx context.Context, c *admin.Client) (admin.Status, error) { return c.Status(ctx) }

func TestManyWatchersAskOnce(t *testing.T) {
	t.Parallel()
	w := world(t)
	fleet := w.Fleet()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			answers := upstream.ReadAll(t.Context(), fleet.All(), "status", time.Minute, status)
			for _, a := range answers {
				require.NoError(t, a.Err)
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, w.ReadsOf("catalog /admin/v1/status"))
	require.Equal(t, 1, w.ReadsOf("stripe /admin/v1/status"))

	fleet.Forget()
	_, err := upstream.Read(t.Context(), fleet.Catalog, "status", time.Minute, status)
	require.NoError(t, err)
	require.Equal(t, 2, w.ReadsOf("catalog /admin/v1/status"))
}

func TestOneWhoLeavesTakesNothingFromTheOthers(t *testing.T) {
	t.Parallel()
	fleet := world(t).Fleet()
	ctx, leave := context.WithCancel(t.Context())
	begun, finish := make(chan struct{}), make(chan struct{})
	slow := func(ctx context.Context, _ *admin.Client) (string, error) {
		close(begun)
		<-finish
		return "here", ctx.Err()
	}
	go func() { _, _ = upstream.Read(ctx, fleet.Catalog, "slow", time.Minute, slow) }()
	<-begun
	leave()
	close(finish)
	value, err := upstream.Read(t.Context(), fleet.Catalog, "slow", time.Minute, slow)
	require.NoError(t, err)
	require.Equal(t, "here", value)
}

func TestWhatIsWrongIsSaidInASentence(t *testing.T) {
	t.Parallel()
	w := world(t)
	service := w.Fleet().Connectors[0]
	for status, want := range map[int]string{
		http.StatusUnauthorized:        "The stripe connector does not know the console's API key: set CONNECTOR_API_KEY.",
		http.StatusForbidden:           "The stripe connector refuses the console's API key: it needs the scope admin.",
		http.StatusServiceUnavailable:  "The stripe connector runs, but its database does not answer: see that PostgreSQL is up. Nothing that was accepted is lost.",
		http.StatusInternalServerError: "The stripe connector answers: The database is away.",
	} {
		w.Lock()
		w.Down["stripe"] = status
		w.Unlock()
		_, err := service.As("").Status(t.Context())
		require.Equal(t, want, service.Explain(err))
	}
	w.Connector.Close()
	_, err := service.As("").Status(t.Context())
	require.Contains(t, service.Explain(err), "cannot be reached at http://")
	require.Contains(t, service.Explain(err), "start it again, or correct CONNECTORS.")
	require.Equal(t, "The service cannot be reached.", upstream.Reason(err))
}

func TestACustomerIsComparedInCanonicalForm(t *testing.T) {
	t.Parallel()
	customer, err := world(t).Fleet().Customer(t.Context(), consoletest.Ada)
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		"name": "Ada Lovelace", "email": "ada@lovelace.example", "phone": "+44 20 7946 0123", "address.city": "London", "address.country": "GB", "metadata.plan": "pro",
	}, map[string]string(customer.Fields()))
}
