package server_test

import (
	"testing"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/consoletest"
)

// written lets the connector's ledger hold these lines alone.
func written(c *console, changes ...admin.Change) {
	c.world.Lock()
	defer c.world.Unlock()
	for i := range changes {
		changes[i].ID, changes[i].Service, changes[i].At, changes[i].RecordID = string(rune('a'+i)), "stripe", time.Now(), consoletest.Ada
	}
	c.world.Answers["stripe /admin/v1/changes"] = consoletest.ListOf(changes...)
	c.world.Answers["catalog /admin/v1/changes"] = consoletest.ListOf[admin.Change]()
}

func TestTheStateFilterUsesTheWordsOfTheBadges(t *testing.T) {
	t.Parallel()
	a := start(t, nil).as("viewer").get("/dashboard/changes?state=sent")
	a.has(t, `<option value="sent" selected>handed on</option>`, "changes")
	a.has(t, `<option value="applied">mirrored or applied</option>`, "changes")
	a.lacks(t, "<option>applied", "changes")
}

func TestAChangeShowsBeforeAndAfterLatencyAndAttempts(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	many := []admin.FieldDiff{{Field: "name", Before: "A", After: "B"}, {Field: "phone", Before: "+1 1", After: "+1 2"}, {Field: "email", Before: "a@x.example"}}
	written(c,
		admin.Change{Direction: admin.Outbound, Op: "update", Version: 4, State: admin.StateApplied, LatencyMS: 941, Fields: many[:1], Attempts: []admin.Attempt{
			{Number: 1, Status: 429, Class: "throttled", Error: "Too many requests", DurationMS: 9}, {Number: 2, Status: 200, DurationMS: 141},
		}},
		admin.Change{Direction: admin.Outbound, Op: "update", Version: 5, State: admin.StateApplied, Fields: many})
	a := c.as("operator").get("/dashboard/changes")
	a.has(t, `<del>A</del> <i aria-hidden="true">→</i> <ins>B</ins>`, "changes")
	a.has(t, "there after 941 ms, 2 attempts, the last 200 in 141 ms", "changes")
	a.has(t, `<details class="more" id="fields-stripe-b"><summary>name, phone, email</summary>`, "changes")
	a.has(t, `title="Brings today’s state to Stripe, not this change."`, "changes")
	a = c.as("viewer").get("/dashboard/changes")
	a.lacks(t, "+1 2", "a viewer's changes")
	a.has(t, "•••", "a viewer's changes")
}

func TestALookOfAnOperatorIsNotCalledANoticeOfTheRemote(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	written(c,
		admin.Change{Direction: admin.Inbound, Op: "check", State: admin.StateSkipped, Skip: "overruled by an operator"},
		admin.Change{Direction: admin.Inbound, Op: "check", State: admin.StateSkipped, Skip: "nothing moved"})
	b := c.as("operator")
	a := b.get("/dashboard/changes")
	a.has(t, "look at Stripe", "changes")
	a.has(t, "an operator had the catalog’s values brought there", "changes")
	a.has(t, "looked, and nothing had moved", "changes")
	a.has(t, `title="Reads what Stripe has today, not this change."`, "changes")
	a.lacks(t, "notice from Stripe", "changes")
	written(c, admin.Change{Direction: admin.Inbound, Op: "check", State: admin.StateSkipped, Skip: "echo", EventID: "evt_1"})
	c.as("viewer").get("/dashboard/changes?q=evt_1").has(t, "notice from Stripe", "changes")
}

func TestLinkingAndPausingByHandReadAsPlainWords(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	written(c,
		admin.Change{Direction: admin.Outbound, Op: "link", State: admin.StateApplied, Origin: "console (ada)"},
		admin.Change{Direction: admin.Outbound, Op: "unlink", State: admin.StateApplied, Origin: "console (ada)"},
		admin.Change{Direction: admin.Outbound, Op: "pause", State: admin.StateApplied, Origin: "console (ada)"},
		admin.Change{Direction: admin.Outbound, Op: "resume", State: admin.StateApplied, Origin: "console (ada)"})
	a := c.as("operator").get("/dashboard/changes")
	a.has(t, "linked with Stripe", "changes")
	a.has(t, "unlinked from Stripe", "changes")
	a.has(t, "paused for Stripe", "changes")
	a.has(t, "resumed for Stripe", "changes")
	a.has(t, "by console (ada)", "changes")
	a.lacks(t, "version 0", "changes")
	a.lacks(t, "mirrored</span>", "changes")
	a.lacks(t, "/stripe/push", "changes")
}
