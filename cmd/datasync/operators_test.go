package main_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sim does something at the simulated Stripe, as a person would in Stripe's dashboard.
func (c *cli) sim(t *testing.T, method, path string, body any) {
	t.Helper()
	encoded, err := json.Marshal(body)
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(t.Context(), method, c.env["STRIPE_API_URL"]+"/_sim/"+path, bytes.NewReader(encoded))
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
}

// atStripe is the id at Stripe of the customer of an address.
func (c *cli) atStripe(t *testing.T, email string) string {
	t.Helper()
	var found struct {
		Sync map[string]struct {
			CustomerID string `json:"customer_id"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(c.ok(t, "customers", "get", email, "-o", "json")), &found))
	return found.Sync["stripe"].CustomerID
}

// One customer cannot be synced: an operator finds out why, sets it right and proves it.
func TestFromAFailureToASyncedCustomer(t *testing.T) {
	t.Parallel()
	c := system(t)
	r := c.run(t, "customers", "create", "--email", "ada@example.com", "--set", "address.country=XX", "--wait", "30s")
	require.Equal(t, 1, r.code, r.err)
	require.Contains(t, r.err, "the customer is written, but stripe refuses it")

	require.Contains(t, c.ok(t, "status"), "1 failed")
	var group struct{ Service, Fingerprint, Field, Fix string }
	require.NoError(t, json.Unmarshal([]byte(c.ok(t, "failures", "list", "-o", "jsonl")), &group))
	require.Equal(t, "address.country", group.Field)
	require.NotEmpty(t, group.Fix)
	require.Contains(t, c.ok(t, "failures", "retry", "--group", group.Fingerprint, "--dry-run"), "done")

	c.ok(t, "customers", "update", "ada@example.com", "--set", "address.country=GB", "--wait", "30s")
	require.Contains(t, c.ok(t, "customers", "get", "ada@example.com"), "synced")
	require.Contains(t, c.run(t, "failures", "list").err, "Nothing fails.")
	require.Contains(t, c.ok(t, "status"), "1 of 1 customers in sync.")
	story := c.ok(t, "customers", "timeline", "ada@example.com")
	require.Contains(t, story, `address.country: "XX" -> "GB"`)
	require.Equal(t, 0, c.run(t, "doctor").code)
}

func TestSteeringWorkers(t *testing.T) {
	t.Parallel()
	c := system(t)
	require.Contains(t, c.ok(t, "workers", "scale", "8"), "1 of 1 replicas")
	require.Contains(t, c.ok(t, "workers", "list", "-o", "csv"), ",8,")
	c.ok(t, "workers", "pause")
	r := c.run(t, "customers", "create", "--email", "ada@example.com", "--wait", "1s")
	require.Equal(t, 8, r.code, r.err)
	require.Contains(t, r.err, "run datasync workers resume outbound")
	require.Contains(t, c.ok(t, "status"), "outbound is paused by an operator; datasync workers resume outbound ends that")
	require.Equal(t, 1, c.run(t, "sync", "push", "ada@example.com").code, "nothing would come of it")
	c.ok(t, "workers", "resume")
	c.ok(t, "sync", "push", "ada@example.com", "--wait", "30s")
	c.ok(t, "sync", "pull", "ada@example.com", "--wait", "30s")
	c.ok(t, "sync", "pause", "ada@example.com")
	require.Contains(t, c.ok(t, "customers", "list", "--sync-state", "paused"), "ada@example.com")
	require.Contains(t, c.ok(t, "customers", "get", "ada@example.com"), "an operator paused this customer; datasync sync resume ")
	c.ok(t, "sync", "resume", "ada@example.com")
	require.Contains(t, c.run(t, "customers", "list", "--sync-state", "paused").err, "No customers.")
	c.ok(t, "workers", "drain")
	require.Contains(t, c.ok(t, "status"), "an operator drains it")
	r = c.run(t, "workers", "list", "-o", "csv")
	require.Contains(t, r.out, ",draining,0,")
	require.Contains(t, r.err, "datasync workers resume ends that")
	c.ok(t, "workers", "resume")
	require.Contains(t, c.ok(t, "audit"), "control.set")
	require.Contains(t, c.ok(t, "config", "print", "--service", "stripe"), "sk_test_********")
}

// What differs is shown field by field and repaired by a plan, which leaves alone what moved since it was made.
func TestReconciling(t *testing.T) {
	t.Parallel()
	c := system(t)
	c.ok(t, "customers", "create", "--name", "Ada", "--email", "ada@example.com", "--wait", "30s")
	c.ok(t, "customers", "create", "--name", "Grace", "--email", "grace@example.com", "--wait", "30s")
	require.Equal(t, 0, c.run(t, "reconcile").code)
	c.sim(t, http.MethodPatch, "config", map[string]any{"webhook_drop_rate": 1})
	for _, email := range []string{"ada@example.com", "grace@example.com"} {
		c.sim(t, http.MethodPatch, "customers/"+c.atStripe(t, email), map[string]any{"name": "Somebody else"})
	}
	r := c.run(t, "reconcile", "--save", "plan.json")
	require.Equal(t, 3, r.code, r.err)
	require.Contains(t, r.out, "  name\n    - catalog: \"Ada\"\n    + stripe: \"Somebody else\"\n")
	require.Contains(t, r.out, "2 differ")

	c.ok(t, "customers", "update", "grace@example.com", "--name", "Grace Hopper")
	r = c.run(t, "reconcile", "apply", "plan.json", "--repair", "catalog", "--yes")
	require.Equal(t, 4, r.code, r.err+r.out)
	require.Contains(t, r.out, "1 repaired")
	require.Contains(t, r.out, "1 refused")
	r = c.run(t, "reconcile", "apply", "plan.json", "--repair", "catalog", "--yes")
	require.Equal(t, 7, r.code, r.err+r.out)
	require.Contains(t, c.ok(t, "jobs", "list"), "reconcile")
}

// A key that is made without --service works with every command: there is one at each service, and the list of them is what the
// program takes.
func TestKeys(t *testing.T) {
	t.Parallel()
	c := system(t)
	var made struct {
		APIKey string `json:"api_key"`
		Keys   []struct{ Service, Secret string }
	}
	require.NoError(t, json.Unmarshal([]byte(c.ok(t, "keys", "create", "--name", "viewer", "--scope", "admin:read,customers:read", "-o", "json")), &made))
	viewer := &cli{c.dir, map[string]string{
		"DATASYNC_URL": c.env["DATASYNC_URL"], "DATASYNC_CONNECTORS": c.env["DATASYNC_CONNECTORS"], "DATASYNC_API_KEY": made.APIKey,
	}}
	viewer.ok(t, "customers", "list")
	viewer.ok(t, "status")
	viewer.ok(t, "failures", "list")
	r := viewer.run(t, "customers", "create", "--name", "Ada")
	require.Equal(t, 6, r.code)
	require.Contains(t, r.err, "the API key may not do this at the catalog")
	require.Contains(t, r.err, "customers:write")

	viewer.env["DATASYNC_API_KEY"] = made.Keys[0].Secret
	viewer.ok(t, "customers", "list")
	r = viewer.run(t, "failures", "list")
	require.Equal(t, 6, r.code)
	require.Contains(t, r.err, "the connector at "+c.env["DATASYNC_CONNECTORS"]+" does not know the API key")
	require.Contains(t, r.err, "each has its own")

	old := made.APIKey
	require.NoError(t, json.Unmarshal([]byte(c.ok(t, "keys", "rotate", "viewer", "--overlap", "0s", "-o", "json")), &made))
	viewer.env["DATASYNC_API_KEY"] = old
	require.Eventually(t, func() bool { return viewer.run(t, "customers", "list").code == 6 }, patience, interval)
	require.Eventually(t, func() bool { return viewer.run(t, "failures", "list").code == 6 }, patience, interval)
	viewer.env["DATASYNC_API_KEY"] = made.APIKey
	viewer.ok(t, "status")
	c.ok(t, "keys", "revoke", "viewer", "--yes")
	require.Eventually(t, func() bool { return viewer.run(t, "customers", "list").code == 6 }, patience, interval)
	require.Eventually(t, func() bool { return viewer.run(t, "failures", "list").code == 6 }, patience, interval)
	require.Contains(t, c.ok(t, "audit", "--service", "catalog"), "key.revoke")
	require.Contains(t, c.ok(t, "audit", "--service", "stripe"), "key.revoke")
}

func TestADoctorFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	c := system(t)
	var found []string
	for line := range strings.Lines(c.ok(t, "doctor", "-o", "jsonl")) {
		var r struct{ Service, Check, State string }
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		require.Equal(t, "ok", r.State, line)
		found = append(found, r.Service+": "+r.Check)
	}
	for _, check := range []string{
		"datasync: DATASYNC_URL", "catalog: database", "catalog: migrations", "catalog: broker", "catalog: topology", "catalog: clock",
		"catalog: API key", "catalog: config", "stripe: database", "stripe: stripe", "stripe: topology", "stripe: Stripe key",
		"stripe: webhook secret", "stripe's server: clock",
	} {
		require.Contains(t, found, check)
	}
	delete(c.env, "STRIPE_WEBHOOK_SECRET")
	c.env["DATASYNC_CONNECTORS"] = "http://127.0.0.1:1"
	r := c.run(t, "doctor", "-o", "csv")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.out, "answers,problem,nothing listens at http://127.0.0.1:1")
	r = c.run(t, "status")
	require.Equal(t, 1, r.code)
	require.Contains(t, r.out, "not every service answers")
}
