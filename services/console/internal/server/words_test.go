package server_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/consoletest"
)

func TestTheLastComparisonIsShownBesideWhatWasPutRightSince(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	report := admin.Reconcile{ReconcileRequest: admin.ReconcileRequest{Plan: consoletest.DryRun, Repair: "catalog"}, Repaired: 2}
	edit(c, "stripe /admin/v1/jobs", func(list *admin.List[admin.Job]) {
		list.Data = append([]admin.Job{{ID: "j10", Kind: "reconcile", State: "done", CreatedAt: time.Now(), CreatedBy: "console (grace)", Reconcile: &report}}, list.Data...)
	})
	a := c.as("operator").get("/dashboard/drift")
	a.has(t, "12,480", "drift")
	a.has(t, "Put right since", "drift")
	a.has(t, "2 repaired", "drift")
	a.has(t, "/dashboard/drift/stripe/j10", "drift")
	a.lacks(t, "<small>Compared</small><strong>0</strong>", "drift")
}

func TestTheAuditAndJobsSpeakInWords(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	entry := func(action string, detail map[string]any) admin.AuditEntry {
		return admin.AuditEntry{ID: action, At: time.Now(), Actor: "ada", Action: action, Detail: detail}
	}
	c.world.Lock()
	c.world.Answers["stripe /admin/v1/audit"] = consoletest.ListOf(
		entry("failures.discard", map[string]any{"all": false, "dry_run": false, "fingerprint": "", "rate": 0, "records": 1}),
		entry("reconcile", map[string]any{"adopt": "", "only": 0, "orphans": "create", "plan": "j9", "repair": "catalog"}),
		entry("control.set", map[string]any{"outbound": false, "drain": false, "rate": nil, "workers": 8}),
		entry("conflict.resolve", map[string]any{"field": "phone", "winner": "stripe"}),
		entry("key.create", map[string]any{"scopes": []string{"admin:read"}}), entry("key.rotate", map[string]any{"overlap_seconds": 86400}))
	c.world.Unlock()
	edit(c, "stripe /admin/v1/jobs", func(list *admin.List[admin.Job]) {
		list.Data[0].Counts = map[string]int64{"drift": 2, "only_local": 2, "only_remote": 3, "refused": 0}
	})
	b := c.as("operator")
	a := b.get("/dashboard/audit")
	for _, words := range []string{
		">1 customer<", ">creating what one side lacks, as the dry run j9 found, the catalog wins<", ">taking work again, paused to the remote, rate as set up, 8 workers<",
		">field phone, Stripe’s value kept<", ">scopes admin:read<", ">the old secret works on for 24 h<",
	} {
		a.has(t, words, "the audit")
	}
	for _, raw := range []string{"dry_run", "all false", "fingerprint", "<nil>", "rate 0", "only 0"} {
		a.lacks(t, raw, "the audit")
	}
	a = b.get("/dashboard/jobs")
	a.has(t, "2 differs, 2 only in the catalog, 3 only at the remote", "jobs")
	a.lacks(t, "refused", "jobs")
	a.lacks(t, "only_local", "jobs")
}

func TestAnActionWithoutASessionSaysThatNothingWasDoneAndComesBack(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	push := "/dashboard/customers/" + consoletest.Ada + "/stripe/push"
	page := "/dashboard/customers?q=ada"
	to := "/login?" + url.Values{"next": {page}, "undone": {"1"}}.Encode()
	lost := func(form url.Values, headers ...string) string {
		return c.browser().post(push, form, append(headers, "Cookie", "datasync=ended")...).header.Get("Location")
	}
	require.Equal(t, to, lost(url.Values{"back": {page}}))
	require.Equal(t, to, lost(url.Values{}, "Referer", c.url+page))
	home := "/login?next=%2Fdashboard&undone=1"
	for _, elsewhere := range []string{"https://evil.example" + page, c.url + "/elsewhere", ""} {
		require.Equal(t, home, lost(url.Values{"back": {"https://evil.example"}}, "Referer", elsewhere), elsewhere)
	}
	a := c.browser().post(push, url.Values{}, "HX-Request", "true", "HX-Current-URL", c.url+page)
	require.Equal(t, to, a.header.Get("Hx-Redirect"))
	b := c.browser()
	b.get(to).has(t, "Your session had ended, so what you asked for was not done.", "the log-in")
	b.get("/login").lacks(t, "not done", "the log-in")
	require.Empty(t, c.world.Done())
}

func TestARequestOfAnotherSiteIsRefusedOnAPageOfTheConsole(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	b := c.as("operator")
	push := "/dashboard/customers/" + consoletest.Ada + "/stripe/push"
	a := b.post(push, b.form("/dashboard"), "Origin", "https://evil.example")
	require.Equal(t, http.StatusForbidden, a.status)
	for _, text := range []string{"<h1>Nothing was done</h1>", "sent by another site than the console, so nothing was done.", `href="/dashboard"`} {
		a.has(t, text, "the page")
	}
	a.lacks(t, "cross-origin request detected", "the page")
	a = b.post(push, b.form("/dashboard"), "Origin", "https://evil.example", "HX-Request", "true")
	a.has(t, `class="note bad"`, "the note")
	a.lacks(t, "<html", "the note")
	require.Empty(t, c.world.Done())
}

func TestAnActionOnAConnectorThatIsNotThereSaysSo(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	b := c.as("operator")
	ada := "/dashboard/customers/" + consoletest.Ada
	b.post(ada+"/paypal/push", b.form("/dashboard"), "HX-Request", "true").has(t, "There is no connector called paypal. Nothing was done.", "the note")
	b.post(ada+"/stripe/dance", b.form("/dashboard"), "HX-Request", "true").has(t, "There is no such action. Nothing was done.", "the note")
}

func TestSettingsShowTheConsolesOwn(t *testing.T) {
	t.Parallel()
	a := start(t, map[string]string{"SESSION_LIFETIME": "7h"}).as("admin").get("/dashboard/settings")
	a.has(t, "Configuration of the console", "settings")
	a.has(t, ">SESSION_LIFETIME</td>", "settings")
	a.has(t, ">7h0m0s</td>", "settings")
	a.lacks(t, consoletest.Key, "settings")
}
