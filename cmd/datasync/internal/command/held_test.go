package command_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/pkg/admin"
)

// stopped are a catalog with one customer and a connector that an operator stopped in some way.
func stopped(t *testing.T, status admin.Status, link admin.Link) (catalog, connector *fake) {
	t.Helper()
	status.Service, status.Role, link.RecordID = "stripe", "connector", record
	customer := json.RawMessage(`{"id":"` + record + `","name":"Ada","version":2,"sync":{"stripe":{"state":"pending"}}}`)
	catalog = newFake(t, "catalog", "catalog", map[string]any{
		"GET /v1/customers/" + record: customer, "PATCH /v1/customers/" + record: customer, "GET /v1/customers": list(customer),
		"GET /admin/v1/records/" + record + "/timeline": list(admin.Change{At: at(), Service: "catalog", Op: "create", State: admin.StateAccepted}),
	})
	connector = newFake(t, "stripe", "connector", map[string]any{
		"GET /admin/v1/status": status, "GET /admin/v1/links/" + record: link, "POST /admin/v1/links/" + record + "/push": link,
		"POST /admin/v1/links/" + record + "/pull": link, "GET /admin/v1/links": list(link),
		"GET /admin/v1/control": admin.Control{Outbound: true, Inbound: true, Drain: status.Draining, Replicas: 1},
		"GET /admin/v1/workers": list(admin.Instance{Name: "host/1", SeenAt: at()}),
	})
	return catalog, connector
}

func TestWhatKeepsACustomerFromBeingSyncedIsShown(t *testing.T) {
	t.Parallel()
	for name, one := range map[string]struct {
		status admin.Status
		link   admin.Link
		want   string
	}{
		"a paused customer":  {admin.Status{}, admin.Link{State: "pending", Paused: true}, "an operator paused this customer; datasync sync resume " + record + " ends that"},
		"a paused direction": {admin.Status{Paused: []string{admin.Outbound}}, admin.Link{}, "outbound is paused by an operator; datasync workers resume outbound ends that"},
		"a drain":            {admin.Status{Draining: true}, admin.Link{}, "an operator drains it: it takes nothing new; datasync workers resume ends that"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			catalog, connector := stopped(t, one.status, one.link)
			for _, command := range []string{"get", "timeline"} {
				code, out, stderr := run(t, catalog, connector, "customers", command, record)
				require.Equal(t, exit.OK, code, stderr)
				require.Contains(t, out, one.want, command)
			}
			code, out, stderr := run(t, catalog, connector, "customers", "get", record, "-o", "json")
			require.Equal(t, exit.OK, code, stderr)
			var shown struct {
				Name string
				Held map[string][]struct{ Why, End string }
			}
			require.NoError(t, json.Unmarshal([]byte(out), &shown))
			require.Equal(t, "Ada", shown.Name)
			require.Equal(t, one.want, shown.Held["stripe"][0].Why+"; "+shown.Held["stripe"][0].End+" ends that")

			code, _, stderr = run(t, catalog, connector, "customers", "update", record, "--name", "Ada", "--wait", "1s")
			require.Equal(t, exit.Timeout, code)
			require.Contains(t, stderr, "It will not by itself, because")

			code, _, stderr = run(t, catalog, connector, "sync", "push", record)
			require.Equal(t, exit.Failed, code)
			require.Contains(t, stderr, "nothing was done, because stripe would leave it alone: ")
			require.Contains(t, stderr, "First run datasync ")
			require.Empty(t, connector.requests())
		})
	}
}

func TestOnePausedDirectionDoesNotStopTheOther(t *testing.T) {
	t.Parallel()
	catalog, connector := stopped(t, admin.Status{Paused: []string{admin.Outbound}}, admin.Link{State: "synced"})
	code, _, stderr := run(t, catalog, connector, "sync", "pull", record)
	require.Equal(t, exit.OK, code, stderr)
	require.Equal(t, []string{"POST /admin/v1/links/" + record + "/pull"}, connector.requests())
}

func TestACustomerWhoseConnectorIsAwayIsShownAllTheSame(t *testing.T) {
	t.Parallel()
	catalog, connector := stopped(t, admin.Status{}, admin.Link{})
	connector.Close()
	code, out, stderr := run(t, catalog, connector, "customers", "get", record)
	require.Equal(t, exit.OK, code, stderr)
	require.Contains(t, out, "Ada")
	require.Contains(t, stderr, "Whether an operator has paused it is not known: nothing listens at "+connector.URL)
}

func TestPausedCustomersAreListed(t *testing.T) {
	t.Parallel()
	catalog, connector := stopped(t, admin.Status{}, admin.Link{Paused: true, State: "pending"})
	code, out, stderr := run(t, catalog, connector, "customers", "list", "--sync-state", "paused", "--query", "a")
	require.Equal(t, exit.OK, code, stderr)
	require.Contains(t, out, "Ada")
	require.Contains(t, stderr, "datasync sync resume CUSTOMER ends that")
	require.Contains(t, connector.sent, "GET /admin/v1/links?limit=50&state=paused")
	require.Equal(t, []string{"GET /v1/customers?ids=" + record + "&limit=200&q=a"}, catalog.sent)
	code, _, stderr = run(t, catalog, connector, "customers", "export", "--sync-state", "paused")
	require.Equal(t, exit.Usage, code)
	require.Contains(t, stderr, "datasync customers list --sync-state paused")
}

func TestADrainedConnectorSaysSo(t *testing.T) {
	t.Parallel()
	const want = "an operator drains it: it takes nothing new; datasync workers resume ends that"
	catalog, connector := stopped(t, admin.Status{Draining: true}, admin.Link{})
	_, out, _ := run(t, catalog, connector, "status")
	require.Contains(t, out, want)
	_, out, _ = run(t, catalog, connector, "status", "-o", "csv")
	require.Contains(t, out, want)
	_, out, _ = run(t, catalog, connector, "status", "-o", "json")
	require.Contains(t, out, `"draining":true`)
	_, out, stderr := run(t, catalog, connector, "workers", "list")
	require.Contains(t, out, "draining")
	require.Contains(t, stderr, "stripe: "+want)
	_, out, _ = run(t, catalog, connector, "workers", "list", "-o", "json")
	require.Contains(t, out, `"state":"draining"`)
}

// An open conflict is neither in sync nor is it counted twice: what the headline says adds up to the total.
func TestTheHeadlineAddsUpToTheTotal(t *testing.T) {
	t.Parallel()
	catalog := newFake(t, "catalog", "catalog", map[string]any{"GET /admin/v1/status": admin.Status{
		Service: "catalog", Role: "catalog", Records: admin.Records{Total: 20, Pending: 1, Retrying: 2, Conflicts: 3, Failed: 4, Discarded: 5},
	}})
	connector := newFake(t, "stripe", "connector", map[string]any{"GET /admin/v1/status": admin.Status{
		Service: "stripe", Role: "connector", Records: admin.Records{Total: 20, Pending: 7, Failed: 4, Paused: 1},
	}})
	code, out, stderr := run(t, catalog, connector, "status")
	require.Equal(t, exit.OK, code, stderr)
	headline, _, _ := strings.Cut(out, "\n")
	require.Equal(t, "5 of 20 customers in sync; 1 pending; 2 retrying; 3 in conflict; 4 failed; 5 discarded. "+
		"Operators paused 1: datasync customers list --sync-state paused.", headline)
}
