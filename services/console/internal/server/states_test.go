package server_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/consoletest"
)

func TestACustomerWithAnOpenConflictIsNotCalledInSync(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	b := c.as("operator")
	list := b.get("/dashboard/customers?state=conflict")
	require.Contains(t, c.world.QueryOf("catalog /v1/customers"), "sync_state=conflict")
	list.has(t, `href="/dashboard/customers?state=conflict" aria-current="true">Conflict</a>`, "the list")
	list.has(t, `<a class="small" href="/dashboard/conflicts">Choose a value</a>`, "the list")
	list.lacks(t, "</svg>in sync</span>", "the list")

	page := b.get("/dashboard/customers/" + consoletest.Grace)
	page.has(t, "</svg>conflict</span>", "the customer's page")
	page.has(t, "Conflict in phone:", "the customer's page")
	page.has(t, `<a href="/dashboard/conflicts#c1">Choose a value</a>`, "the customer's page")
	page.lacks(t, "</svg>in sync</span>", "the customer's page")
	b.get("/dashboard/customers/"+consoletest.Ada).lacks(t, "Conflict in", "another customer's page")
}

func TestTheHeadlineAddsUpWithItsCounts(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	edit(c, "catalog /admin/v1/status", func(s *admin.Status) {
		s.Records = admin.Records{Total: 100, Pending: 7, Retrying: 1, Failed: 2, Discarded: 3, Conflicts: 4}
	})
	a := c.as("viewer").get("/dashboard")
	for _, text := range []string{"83 of 100 customers are the same on both sides.", "8 on the way", "2 need a fix", "3 discarded", "4 wait with a conflict"} {
		a.has(t, text, "the overview")
	}
}

func unlink(l *admin.Link) {
	*l = admin.Link{RecordID: l.RecordID, Kind: l.Kind, State: "detached", Version: 4, DesiredVersion: 4, UpdatedAt: l.UpdatedAt, Gone: true}
}

func TestAnUnlinkedCustomersPageSaysThatAnOperatorUnlinkedIt(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	edit(c, "stripe /admin/v1/links/"+consoletest.Ada, unlink)
	edit(c, "stripe /admin/v1/records/"+consoletest.Ada+"/timeline", func(list *admin.List[admin.Change]) {
		list.Data = append(list.Data, admin.Change{
			ID: "s9", Service: "stripe", At: list.Data[0].At, Direction: admin.Outbound, RecordID: consoletest.Ada, Op: "unlink", Version: 3, State: admin.StateApplied, Origin: "console (ada)",
		})
	})
	a := c.as("operator").get("/dashboard/customers/" + consoletest.Ada)
	a.has(t, "An operator unlinked this customer from Stripe.", "the page")
	a.has(t, "nothing moves between them until it is linked again", "the page")
	a.has(t, "Not linked to Stripe.", "the page")
	a.has(t, "</svg>not linked</span>", "the page")
	a.has(t, "unlinked: nothing moves until it is linked again", "the timeline")
	a.has(t, "/stripe/link", "the page")
	for _, untrue := range []string{"Stripe no longer has this customer.", "Not at Stripe yet", "/stripe/push", "</svg>detached</span>"} {
		a.lacks(t, untrue, "the page")
	}
}

func TestACustomerThatIsGoneAtTheRemoteIsNotCalledUnlinked(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	edit(c, "stripe /admin/v1/links/"+consoletest.Ada, func(l *admin.Link) { l.State, l.RemoteID, l.Gone = "deleted", "", true })
	a := c.as("operator").get("/dashboard/customers/" + consoletest.Ada)
	a.has(t, "Stripe no longer has this customer.", "the page")
	a.lacks(t, "unlinked", "the page")
}
