package server_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/consoletest"
)

func TestWhatAServiceThatIsAwayWouldKnowIsNotKnown(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	c.away("catalog", "stripe")
	admin := c.as("admin")
	for path, texts := range map[string][2]string{
		"/dashboard":                                 {"It is not known whether something needs you", "Whatever can be put right without a person is."},
		"/dashboard/failures":                        {"It is not known whether something failed: the stripe connector did not answer.", "Nothing failed."},
		"/dashboard/conflicts":                       {"It is not known whether something waits: the catalog did not answer.", "Nothing waits."},
		"/dashboard/jobs":                            {"Which jobs there are is not known: the catalog and the stripe connector did not answer.", "No jobs yet"},
		"/dashboard/audit":                           {"What was done is not known", "Nobody has done anything yet."},
		"/dashboard/queues":                          {"Whether there are any is not known", "None."},
		"/dashboard/changes":                         {"What was written down is not known", "Nothing like that was written down."},
		"/dashboard/customers?state=paused":          {"Who is paused is not known", "No customer is like that."},
		"/dashboard/customers/" + consoletest.Ada:    {"What is written down about this customer is not known", "Nothing is written down about this customer."},
		"/dashboard/workers":                         {"what its workers do is not known", "0 of 0 workers"},
		"/dashboard/customers/" + consoletest.Edsger: {"neither side is known", "</svg>not linked</span>"},
	} {
		a := admin.get(path)
		require.Equal(t, http.StatusOK, a.status, path)
		a.has(t, texts[0], path)
		a.lacks(t, texts[1], path)
	}
}

func TestNumbersOfAServiceThatIsAwayAreDashes(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	c.away("catalog", "stripe")
	a := c.as("viewer").get("/dashboard")
	for _, known := range []string{
		"– on the way", "<small>Catalog</small><strong>–</strong><small>not known</small>", "<small>Stripe</small><strong>–</strong><small>not known</small>",
		"last hour to Stripe <b>–</b> · from Stripe <b>–</b> · not known without the stripe connector", "Not known: the stripe connector did not answer.",
	} {
		a.has(t, known, "the overview")
	}
	for _, untrue := range []string{"0 on the way", "<strong>0", "<b>0</b>", "takes changes", ",0,0,0"} {
		a.lacks(t, untrue, "the overview")
	}
}

func TestTheCatalogKnowsWhoIsOnTheWayToAConnectorThatIsAway(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	c.away("stripe")
	b := c.as("viewer")
	b.get("/dashboard").has(t, "3 on the way", "the overview")
	page := b.get("/dashboard/customers/" + consoletest.Grace)
	page.has(t, "</svg>conflict</span>", "the page")
	page.has(t, "The connector is away; only the catalog's side is known.", "the page")
	b.get("/dashboard/changes").has(t, "This is not complete: the stripe connector did not answer.", "changes")
}

func TestThePeopleAndFindingsThatCouldNotBeReadAreNotCalledNone(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	b := c.as("operator")
	c.world.Lock()
	delete(c.world.Answers, "stripe /admin/v1/links")
	delete(c.world.Answers, "stripe /admin/v1/reconciles/"+consoletest.DryRun+"/findings")
	delete(c.world.Answers, "stripe /admin/v1/workers")
	c.world.Unlock()
	b.get("/dashboard/failures/stripe/f1").lacks(t, "Nobody any more.", "the group")
	b.get("/dashboard/drift/stripe/"+consoletest.DryRun).lacks(t, "Both sides are the same.", "the comparison")
	b.get("/dashboard/workers").has(t, "Which replicas run is not known", "workers")
}

func TestTheLaneToTheRemoteGoesThroughTheExchange(t *testing.T) {
	t.Parallel()
	start(t, nil).as("viewer").get("/dashboard").has(t, "<small>Exchange</small><strong>up</strong>", "the lane")
	c := start(t, nil)
	edit(c, "catalog /admin/v1/status", func(s *admin.Status) { s.Checks = []admin.Check{{Name: "broker", Detail: "connection refused"}} })
	c.as("viewer").get("/dashboard").has(t, "<small>Exchange</small><strong>–</strong><small>cannot be reached</small>", "the lane")
}
