package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/consoletest"
)

// pages are all pages with something that has to be on them.
func pages() map[string]string {
	return map[string]string{
		"/dashboard":           "12,477 of 12,483 customers are the same on both sides.",
		"/dashboard/customers": "Grace Hopper",
		"/dashboard/customers/" + consoletest.Ada:                        "mirrored",
		"/dashboard/customers/" + consoletest.Edsger:                     "Stripe refuses this customer.",
		"/dashboard/customers/" + consoletest.Edsger + "/stripe/link":    "Link Edsger Dijkstra",
		"/dashboard/customers/" + consoletest.Edsger + "/stripe/discard": "Discard Edsger Dijkstra?",
		"/dashboard/customers/" + consoletest.Ada + "/stripe/unlink":     "Unlink Ada Lovelace",
		"/dashboard/changes":                                       "billing-app",
		"/dashboard/failures":                                      "Correct the email address",
		"/dashboard/failures/stripe/f1":                            "Edsger Dijkstra",
		"/dashboard/failures/stripe/f1/retry":                      "Retry 2 customers?",
		"/dashboard/failures/stripe/all/retry":                     "Retry 2 customers?",
		"/dashboard/failures/stripe/f1/discard":                    "Discard 2 customers?",
		"/dashboard/failures/stripe/all/discard":                   "Why can it be left so?",
		"/dashboard/conflicts":                                     "+1 212 555 0199",
		"/dashboard/drift":                                         "12,480",
		"/dashboard/drift/run":                                     "Only report",
		"/dashboard/drift/stripe/" + consoletest.DryRun:            "ada@old.example",
		"/dashboard/drift/stripe/" + consoletest.DryRun + "/apply": "Put right",
		"/dashboard/workers":                                       "applied on 1 of 1",
		"/dashboard/services/stripe/flow/inbound/pause":            "Stop taking changes from Stripe?",
		"/dashboard/queues":                                        "not as expected",
		"/dashboard/queues/stripe/replay":                          "Replay 0 messages of stripe?",
		"/dashboard/queues/stripe/letters/" + consoletest.Letter:   "customer.updated.v9",
		"/dashboard/queues/stripe/letters/d1/discard":              "Discard this message?",
		"/dashboard/jobs":                                          "40 of 120",
		"/dashboard/jobs/stripe/j1":                                "Asked for by",
		"/dashboard/audit":                                         "console (grace)",
		"/dashboard/settings":                                      "DATABASE_URL",
		"/dashboard/settings/stripe/keys":                          "New key for stripe",
		"/dashboard/settings/stripe/keys/k1/rotate":                "New secret for first key",
		"/dashboard/settings/stripe/keys/k1/revoke":                "Revoke first key?",
	}
}

func TestEveryPageIsShown(t *testing.T) {
	t.Parallel()
	admin := start(t, nil).as("admin")
	for path, want := range pages() {
		a := admin.get(path)
		require.Equal(t, http.StatusOK, a.status, path)
		a.has(t, want, path)
		a.has(t, `<main id="main"`, path)
		a.lacks(t, `role="alert"`, path)
		part := admin.get(path, "HX-Request", "true")
		part.has(t, want, path)
		part.lacks(t, "<html", path)
	}
}

func TestNothingBecomesABlankPageWhenServicesAreAway(t *testing.T) {
	t.Parallel()
	for _, away := range [][]string{{"catalog"}, {"stripe"}, {"catalog", "stripe"}} {
		c := start(t, nil)
		admin := c.as("admin")
		c.world.Lock()
		for _, service := range away {
			c.world.Down[service] = http.StatusServiceUnavailable
		}
		c.world.Unlock()
		for path := range pages() {
			a := admin.get(path)
			require.Equal(t, http.StatusOK, a.status, path)
			a.has(t, `<main id="main"`, path)
			a.has(t, "runs, but its database does not answer: see that PostgreSQL is up.", path)
			part := admin.get(path, "HX-Request", "true")
			part.lacks(t, "<html", path)
		}
	}
}

func TestTheOverviewSaysThatRabbitMQIsAway(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	c.world.Lock()
	path := "stripe /admin/v1/status"
	status, _ := c.world.Answers[path].(admin.Status)
	status.Checks = []admin.Check{{Name: "database", OK: true}, {Name: "broker", Detail: "connection refused"}}
	c.world.Answers[path] = status
	c.world.Unlock()
	c.as("viewer").get("/dashboard").has(t, "RabbitMQ cannot be reached by the stripe connector: see that it is up.", "the overview")
}

func TestPoliciesOfTheBrowser(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	for path, a := range map[string]answer{"/dashboard": c.as("admin").get("/dashboard"), "/login": c.browser().get("/login")} {
		policy := a.header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
			require.Contains(t, policy, part, path)
		}
		require.NotContains(t, policy, "unsafe")
		require.Equal(t, "no-store", a.header.Get("Cache-Control"))
		a.lacks(t, " style=", "the page")
		a.lacks(t, "<script>", "the page")
		a.lacks(t, " onclick=", "the page")
	}
}

func TestUnknownPagesSaySo(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	admin := c.as("admin")
	for _, path := range []string{
		"/nothing", "/dashboard/nothing", "/dashboard/customers/unknown", "/dashboard/failures/stripe/f9", "/dashboard/failures/other/f1",
		"/dashboard/jobs/stripe/j7", "/dashboard/jobs/other/j1", "/dashboard/drift/stripe/j1", "/dashboard/queues/stripe/letters/d9",
		"/dashboard/services/stripe/flow/sideways/pause", "/dashboard/settings/stripe/keys/k9/revoke", "/dashboard/settings/stripe/keys/k1/forge",
	} {
		a := admin.get(path)
		require.Equal(t, http.StatusNotFound, a.status, path)
		a.has(t, "There is no such page.", path)
	}
	a := admin.get("/dashboard/changes?cursor=%25%25")
	require.Equal(t, http.StatusBadRequest, a.status)
	a.has(t, "This link is damaged.", "the page")
}

func TestAFilterThatNoServiceKnowsIsADamagedLink(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	admin := c.as("admin")
	c.world.Lock()
	c.world.Down["stripe"], c.world.Down["catalog"] = http.StatusBadRequest, http.StatusBadRequest
	c.world.Unlock()
	for _, path := range []string{"/dashboard/changes?state=bogus", "/dashboard/customers?state=bogus", "/dashboard/queues?state=bogus"} {
		a := admin.get(path)
		require.Equal(t, http.StatusBadRequest, a.status, path)
		a.has(t, "This link is damaged.", path)
	}
}

func TestWhoIsPausedIsListed(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	c.world.Lock()
	c.world.Answers["stripe /admin/v1/links"] = consoletest.ListOf(admin.Link{RecordID: consoletest.Grace, State: "synced", Paused: true})
	c.world.Unlock()
	a := c.as("operator").get("/dashboard/customers?state=paused")
	a.has(t, "Grace Hopper", "the page")
	a.has(t, "/dashboard/customers/"+consoletest.Grace+"/stripe/resume", "the page")
	a.lacks(t, "Ada Lovelace", "the page")
}

func TestAFailedCustomersPageSaysHowToPutItRight(t *testing.T) {
	t.Parallel()
	a := start(t, nil).as("viewer").get("/dashboard/customers/" + consoletest.Edsger)
	a.has(t, "correct email in the catalog: the new version is tried at once", "the page")
	a.has(t, "bin/datasync customers update "+consoletest.Edsger+" --email", "the page")
}

func TestADiscardedCustomersPageSaysWhoAcceptsItAndWhy(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	c.world.Lock()
	path := "stripe /admin/v1/links/" + consoletest.Edsger
	left, _ := c.world.Answers[path].(admin.Link)
	left.State, left.Discarded = "discarded", &admin.Discarded{Reason: "ticket 1234", By: "console (grace)", At: time.Now()}
	c.world.Answers[path] = left
	c.world.Answers["catalog /admin/v1/status"] = admin.Status{Service: "catalog", Role: "catalog", Records: admin.Records{Total: 12483, Discarded: 2, Conflicts: 1}}
	c.world.Unlock()
	b := c.as("operator")
	a := b.get("/dashboard/customers/" + consoletest.Edsger)
	a.has(t, "console (grace) accepts that this customer is not in sync with Stripe:", "the page")
	a.has(t, "ticket 1234", "the page")
	a.lacks(t, "/stripe/discard", "the page")
	a = b.get("/dashboard")
	a.has(t, "12,480 of 12,483 customers are the same", "the overview")
	a.has(t, "2 discarded", "the overview")
}

func TestChangesAreFoundByAnEmailAddress(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	c.world.Lock()
	c.world.Answers["catalog /v1/customers"] = consoletest.ListOf(c.world.Answers["catalog /v1/customers/"+consoletest.Ada])
	c.world.Unlock()
	a := c.as("operator").get("/dashboard/changes?q=ada@lovelace.example")
	require.Equal(t, http.StatusOK, a.status)
	require.Contains(t, c.world.QueryOf("stripe /admin/v1/changes"), "q="+consoletest.Ada)
}

func TestWhereFlowersPeopleLook(t *testing.T) {
	t.Parallel()
	admin := start(t, nil).as("admin")
	for from, to := range map[string]string{
		"/": "/dashboard", "/workers": "/dashboard/workers", "/tasks": "/dashboard/changes", "/broker": "/dashboard/queues",
	} {
		a := admin.get(from)
		require.Equal(t, http.StatusFound, a.status, from)
		require.Equal(t, to, a.header.Get("Location"), from)
	}
}

func TestOneSearchUnderstandsEveryId(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	admin := c.as("admin")
	c.world.Lock()
	c.world.Answers["catalog /v1/customers"] = consoletest.ListOf(c.world.Answers["catalog /v1/customers/"+consoletest.Ada])
	c.world.Unlock()
	trace := strings.Repeat("4b", 16)
	for text, want := range map[string]string{
		"":                         "/dashboard/customers",
		"ada@lovelace.example":     "/dashboard/customers/" + consoletest.Ada,
		"Ada":                      "/dashboard/customers/" + consoletest.Ada,
		"cus_QXg7vN2dAda":          "/dashboard/customers/" + consoletest.Ada,
		consoletest.Grace:          "/dashboard/customers/" + consoletest.Grace,
		consoletest.Ada[:35] + "0": "/dashboard/changes?q=" + consoletest.Ada[:35] + "0",
		"evt_1":                    "/dashboard/changes?q=evt_1",
		"req_1":                    "/dashboard/changes?q=req_1",
		trace:                      "/dashboard/changes?q=" + trace,
	} {
		a := admin.get("/dashboard/search?q=" + text)
		require.Equal(t, http.StatusSeeOther, a.status)
		require.Equal(t, want, a.header.Get("Location"), text)
	}
}

func TestStaticFilesAreKeptForEverAndSmall(t *testing.T) {
	t.Parallel()
	admin := start(t, nil).as("admin")
	page := admin.get("/dashboard").body
	total := 0
	for part := range strings.SplitSeq(page, `"`) {
		if !strings.HasPrefix(part, "/static/") {
			continue
		}
		a := admin.get(part, "Accept-Encoding", "gzip")
		require.Equal(t, http.StatusOK, a.status, part)
		require.Contains(t, a.header.Get("Cache-Control"), "immutable")
		require.Equal(t, "gzip", a.header.Get("Content-Encoding"))
		if strings.HasSuffix(part, ".js") {
			total += len(a.body)
		}
	}
	require.Greater(t, total, 20<<10)
	require.Less(t, total, 60<<10, "script, compressed")
	require.Equal(t, http.StatusNotFound, admin.get("/static/000000000000/console.js").status, "an old address")
}
