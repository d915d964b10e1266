package server_test

import (
	"testing"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/consoletest"
)

const status = "stripe /admin/v1/status"

func TestADrainIsNamedAsTheReason(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	edit(c, status, func(s *admin.Status) { s.Draining = true })
	b := c.as("operator")
	a := b.get("/dashboard")
	a.has(t, "The connector of Stripe is draining: an operator lets it take nothing new. Changes wait and are not lost. "+
		`<a href="/dashboard/workers">End it on Workers</a>`, "the overview")
	a.has(t, "<small>draining: an operator lets it take nothing new</small>", "the lane")

	a = b.get("/dashboard/customers/" + consoletest.Ada)
	a.has(t, "is draining: an operator lets it take nothing new. This customer waits until that ends.", "the page of one that waits")
	a.has(t, `<a href="/dashboard/workers">End it on Workers</a>`, "the page of one that waits")
	a.has(t, "</svg>waiting</span>", "the page of one that waits")
	b.get("/dashboard/customers/"+consoletest.Edsger).lacks(t, "is draining", "the page of one that waits for nothing")
}

func TestAPausedDirectionIsNamedOnThePageOfACustomerThatWaits(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	edit(c, status, func(s *admin.Status) { s.Paused = []string{admin.Outbound, admin.Inbound} })
	b := c.as("operator")
	a := b.get("/dashboard/customers/" + consoletest.Ada)
	a.has(t, "An operator paused what goes to Stripe. This customer waits until that is resumed.", "the page")
	a.lacks(t, "An operator paused what comes from Stripe.", "the page")
	edit(c, "stripe /admin/v1/links/"+consoletest.Grace, func(l *admin.Link) { l.Version, l.Pending = 4, []string{"name"} })
	a = b.get("/dashboard/customers/" + consoletest.Grace)
	a.has(t, "An operator paused what comes from Stripe. What changed there waits until that is resumed.", "the page")
	a.lacks(t, "An operator paused what goes to Stripe.", "the page")
}
