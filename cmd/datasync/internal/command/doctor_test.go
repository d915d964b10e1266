package command_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/pkg/admin"
)

// ill are a catalog and a connector that answer, and have problems.
func ill(t *testing.T) (catalog, connector *fake) {
	t.Helper()
	answers := func(status admin.Status) map[string]any {
		return map[string]any{
			"GET /admin/v1/status": status, "GET /admin/v1/me": admin.Me{Name: "ops", Scopes: []string{"admin"}},
			"GET /readyz":          map[string]any{"checks": []map[string]string{{"name": "database", "status": "ok"}}},
			"GET /admin/v1/queues": list[admin.Queue](), "GET /admin/v1/config": list[admin.Setting](),
		}
	}
	catalog = newFake(t, "catalog", "catalog", answers(admin.Status{
		Service: "catalog", Role: "catalog", Records: admin.Records{Total: 2, Failed: 1}, Hops: []admin.Hop{{Name: "dead letters", Depth: 3, Problem: "look at them"}},
	}))
	connector = newFake(t, "stripe", "connector", answers(admin.Status{Service: "stripe", Role: "connector", Records: admin.Records{Failed: 1}, Draining: true}))
	return catalog, connector
}

func TestADoctorTellsEachProblemOnce(t *testing.T) {
	t.Parallel()
	catalog, connector := ill(t)
	code, out, stderr := run(t, catalog, connector, "doctor", "-o", "csv")
	require.Equal(t, exit.Failed, code)
	require.Contains(t, out, "catalog,dead letters,problem,3 wait: messages that could not be handled,datasync dead-letters list --service catalog")
	require.Contains(t, out, "stripe,work,problem,an operator drains it: it takes nothing new,datasync workers resume")
	require.Equal(t, 1, strings.Count(out, "1 failed"), out)
	require.Contains(t, stderr, "there are 3 problems")
}

// Stripe is none of this program's services: what is wrong with the way to it is set right elsewhere.
func TestADoctorKnowsWhereStripeIsSaidToBe(t *testing.T) {
	t.Parallel()
	catalog, connector := ill(t)
	_, out, _ := runWith(t, map[string]string{
		"DATASYNC_URL": catalog.URL, "DATASYNC_CONNECTORS": connector.URL, "DATASYNC_API_KEY": "ds_test", "STRIPE_API_URL": "http://127.0.0.1:1",
	}, "doctor", "-o", "csv")
	at := strings.Index(out, "stripe's server,clock,unknown,nothing listens at http://127.0.0.1:1,")
	require.GreaterOrEqual(t, at, 0, out)
	require.Contains(t, out[at:], "STRIPE_API_URL")
	require.NotContains(t, out[at:], "DATASYNC_URL")
}
