package server_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/consoletest"
	"github.com/datasync-dev/datasync/services/console/internal/server"
)

// run starts a console that is not expected to run.
func run(t *testing.T, env map[string]string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return server.Run(ctx, func(name string) string { return env[name] }, io.Discard)
}

func TestActionsReachTheServiceInThePersonsName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		page, path string
		form       []string
		want       consoletest.Call
		goes       string
	}{
		"push": {
			page: "/dashboard/customers", path: "/dashboard/customers/" + consoletest.Ada + "/stripe/push",
			want: consoletest.Call{Service: "stripe", Method: "POST", Path: "/admin/v1/links/" + consoletest.Ada + "/push"},
		},
		"unlink": {
			page: "/dashboard/customers", path: "/dashboard/customers/" + consoletest.Ada + "/stripe/unlink", goes: "/dashboard/customers/" + consoletest.Ada,
			want: consoletest.Call{Service: "stripe", Method: "POST", Path: "/admin/v1/links/" + consoletest.Ada + "/unlink"},
		},
		"link": {
			page: "/dashboard/customers", path: "/dashboard/customers/" + consoletest.Edsger + "/stripe/link", form: []string{"remote_id", " cus_9 "}, goes: "/dashboard/customers/" + consoletest.Edsger,
			want: consoletest.Call{Service: "stripe", Method: "POST", Path: "/admin/v1/links/" + consoletest.Edsger + "/link", Body: map[string]any{"remote_id": "cus_9"}},
		},
		"retry": {
			page: "/dashboard/failures/stripe/f1/retry", path: "/dashboard/failures/stripe/f1/retry", form: []string{"rate", "5"}, goes: "/dashboard/jobs/stripe/j1",
			want: consoletest.Call{Service: "stripe", Method: "POST", Path: "/admin/v1/failures/retry", Body: map[string]any{"fingerprint": "f1", "rate": 5.0}},
		},
		"retry all": {
			page: "/dashboard/failures", path: "/dashboard/failures/stripe/all/retry", goes: "/dashboard/jobs/stripe/j1",
			want: consoletest.Call{Service: "stripe", Method: "POST", Path: "/admin/v1/failures/retry", Body: map[string]any{"all": true}},
		},
		"discard a group": {
			page: "/dashboard/failures/stripe/f1/discard", path: "/dashboard/failures/stripe/f1/discard", form: []string{"reason", " ticket 1234 ", "rate", "5"}, goes: "/dashboard/jobs/stripe/j1",
			want: consoletest.Call{Service: "stripe", Method: "POST", Path: "/admin/v1/failures/discard", Body: map[string]any{"fingerprint": "f1", "reason": "ticket 1234", "rate": 5.0}},
		},
		"discard all that failed": {
			page: "/dashboard/failures/stripe/all/discard", path: "/dashboard/failures/stripe/all/discard", form: []string{"reason", "a test"}, goes: "/dashboard/jobs/stripe/j1",
			want: consoletest.Call{Service: "stripe", Method: "POST", Path: "/admin/v1/failures/discard", Body: map[string]any{"all": true, "reason": "a test"}},
		},
		"discard one customer": {
			page: "/dashboard/customers/" + consoletest.Edsger + "/stripe/discard", path: "/dashboard/customers/" + consoletest.Edsger + "/stripe/discard",
			form: []string{"reason", "a test"}, goes: "/dashboard/customers/" + consoletest.Edsger,
			want: consoletest.Call{Service: "stripe", Method: "POST", Path: "/admin/v1/failures/discard", Body: map[string]any{"record_ids": []any{consoletest.Edsger}, "reason": "a test"}},
		},
		"scale": {
			page: "/dashboard/workers", path: "/dashboard/services/stripe/scale", form: []string{"workers", "8", "rate", ""},
			want: consoletest.Call{Service: "stripe", Method: "PATCH", Path: "/admin/v1/control", Body: map[string]any{"workers": 8.0, "rate": nil}},
		},
		"drain": {
			page: "/dashboard/workers", path: "/dashboard/services/stripe/control/drain",
			want: consoletest.Call{Service: "stripe", Method: "PATCH", Path: "/admin/v1/control", Body: map[string]any{"drain": true}},
		},
		"pause": {
			page: "/dashboard", path: "/dashboard/services/stripe/flow/outbound/pause",
			want: consoletest.Call{Service: "stripe", Method: "PATCH", Path: "/admin/v1/control", Body: map[string]any{"outbound": false}},
		},
		"resume": {
			page: "/dashboard", path: "/dashboard/services/stripe/flow/inbound/resume",
			want: consoletest.Call{Service: "stripe", Method: "PATCH", Path: "/admin/v1/control", Body: map[string]any{"inbound": true}},
		},
		"resolve": {
			page: "/dashboard/conflicts", path: "/dashboard/conflicts/c1", form: []string{"take", "stripe"},
			want: consoletest.Call{Service: "catalog", Method: "POST", Path: "/admin/v1/conflicts/c1/resolve", Body: map[string]any{"take": "stripe"}},
		},
		"dry run": {
			page: "/dashboard/drift/run", path: "/dashboard/drift/run", form: []string{"service", "stripe", "repair", ""}, goes: "/dashboard/drift/stripe/j9",
			want: consoletest.Call{Service: "stripe", Method: "POST", Path: "/admin/v1/reconciles", Body: map[string]any{}},
		},
		"apply": {
			page: "/dashboard/drift/stripe/j9/apply", path: "/dashboard/drift/run", form: []string{"service", "stripe", "repair", "catalog", "plan", "j9"}, goes: "/dashboard/drift/stripe/j9",
			want: consoletest.Call{Service: "stripe", Method: "POST", Path: "/admin/v1/reconciles", Body: map[string]any{"plan": "j9", "repair": "catalog"}},
		},
		"replay one": {
			page: "/dashboard/queues/stripe/letters/d1", path: "/dashboard/queues/stripe/replay", form: []string{"id", "d1"}, goes: "/dashboard/jobs/stripe/j1",
			want: consoletest.Call{Service: "stripe", Method: "POST", Path: "/admin/v1/dead-letters/replay", Body: map[string]any{"ids": []any{"d1"}}},
		},
		"discard": {
			page: "/dashboard/queues", path: "/dashboard/queues/stripe/letters/d1/discard", form: []string{"reason", "a test"}, goes: "/dashboard/queues",
			want: consoletest.Call{Service: "stripe", Method: "POST", Path: "/admin/v1/dead-letters/d1/discard", Body: map[string]any{"reason": "a test"}},
		},
		"cancel": {
			page: "/dashboard/jobs/stripe/j1", path: "/dashboard/jobs/stripe/j1/cancel",
			want: consoletest.Call{Service: "stripe", Method: "POST", Path: "/admin/v1/jobs/j1/cancel"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := start(t, nil)
			b := world.as("operator")
			c.want.Actor = "operator"
			a := b.post(c.path, b.form(c.page, c.form...))
			require.Equal(t, http.StatusSeeOther, a.status, a.body)
			if c.goes == "" {
				c.goes = c.page
			}
			require.Equal(t, c.goes, a.header.Get("Location"))
			require.Equal(t, []consoletest.Call{c.want}, world.world.Done())
			b.get("/dashboard").has(t, `class="note ok"`, "the page")
		})
	}
}

func TestAForgedOrForbiddenFormDoesNothing(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	viewer, operator := c.as("viewer"), c.as("operator")
	push := "/dashboard/customers/" + consoletest.Ada + "/stripe/push"
	good := operator.form("/dashboard/customers")

	require.Equal(t, http.StatusForbidden, viewer.post(push, viewer.form("/dashboard/customers"), "HX-Request", "true").status)
	viewer.post(push, viewer.form("/dashboard"), "HX-Request", "true").has(t, "Your role, viewer, does not allow this. Nothing was done.", "the page")
	require.Equal(t, http.StatusUnprocessableEntity, operator.post(push, url.Values{"csrf": {"forged"}}, "HX-Request", "true").status)
	require.Equal(t, http.StatusUnprocessableEntity, operator.post(push, url.Values{}, "HX-Request", "true").status)
	require.Equal(t, http.StatusForbidden, operator.post(push, good, "Origin", "https://evil.example").status)
	require.Equal(t, http.StatusForbidden, operator.post(push, good, "Sec-Fetch-Site", "cross-site").status)
	require.Equal(t, http.StatusForbidden, c.browser().post("/login", url.Values{"name": {"admin"}, "password": {"admin"}}, "Sec-Fetch-Site", "cross-site").status)
	require.Equal(t, http.StatusSeeOther, c.browser().post(push, good).status, "nobody is logged in")
	require.Empty(t, c.world.Done())
}

func TestMistakesAreToldAndNothingIsDone(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	b := c.as("admin")
	for path, form := range map[string][]string{
		"/dashboard/services/stripe/scale":                            {"workers", "many"},
		"/dashboard/failures/stripe/f1/retry":                         {"rate", "-1"},
		"/dashboard/failures/stripe/f1/discard":                       {"reason", " "},
		"/dashboard/failures/stripe/all/discard":                      {"reason", strings.Repeat("é", 201)},
		"/dashboard/queues/stripe/letters/d1/discard":                 {},
		"/dashboard/customers/" + consoletest.Ada + "/stripe/link":    {"remote_id", " "},
		"/dashboard/customers/" + consoletest.Ada + "/stripe/dance":   {},
		"/dashboard/customers/" + consoletest.Ada + "/stripe/discard": {},
		"/dashboard/customers/" + consoletest.Ada + "/other/push":     {},
		"/dashboard/conflicts/c1":                                     {},
		"/dashboard/drift/run":                                        {"service", "catalog"},
		"/dashboard/settings/stripe/keys":                             {"name", "reports"},
		"/dashboard/settings/stripe/keys/k1/rotate":                   {"hours", "soon"},
		"/dashboard/settings/stripe/keys/k1/forge":                    {},
		"/dashboard/services/stripe/flow/sideways/pause":              {},
	} {
		a := b.post(path, b.form("/dashboard", form...), "HX-Request", "true")
		require.Equal(t, http.StatusUnprocessableEntity, a.status, path)
		a.has(t, `class="note bad"`, path)
	}
	require.Empty(t, c.world.Done())
}

func TestADoubleClickOnABulkActionMakesOneJob(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	b := c.as("operator")
	form := b.form("/dashboard/failures/stripe/f1/retry", "once", "token")
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			a := b.post("/dashboard/failures/stripe/f1/retry", form, "HX-Request", "true")
			require.Equal(t, "/dashboard/jobs/stripe/j1", a.header.Get("Hx-Redirect"))
		})
	}
	all.Wait()
	require.Len(t, c.world.Done(), 1)
}

func TestANewSecretIsShownOnce(t *testing.T) {
	t.Parallel()
	b := start(t, nil).as("admin")
	a := b.post("/dashboard/settings/stripe/keys", b.form("/dashboard/settings", "name", "reports", "scope", "admin:read"))
	require.Equal(t, http.StatusOK, a.status)
	a.has(t, "ds_shownOnceAndNeverAgain", "the page")
	b.get("/dashboard/settings").lacks(t, "ds_shownOnceAndNeverAgain", "the page")
}

// watch opens the stream of a page and returns its lines.
func (b *browser) watch(ctx context.Context, path string) *bufio.Scanner {
	b.t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+path, http.NoBody)
	require.NoError(b.t, err)
	request.Header.Set("Accept", "text/event-stream")
	response, err := b.client.Do(request)
	require.NoError(b.t, err)
	b.t.Cleanup(func() { _ = response.Body.Close() })
	require.Equal(b.t, "text/event-stream", response.Header.Get("Content-Type"))
	return bufio.NewScanner(response.Body)
}

// next reads until a line that has all of the texts.
func next(t *testing.T, lines *bufio.Scanner, texts ...string) {
	t.Helper()
	for lines.Scan() {
		found := true
		for _, text := range texts {
			found = found && strings.Contains(lines.Text(), text)
		}
		if found {
			return
		}
	}
	require.FailNow(t, "the stream ended", "before %q: %v", texts, lines.Err())
}

func TestAPageIsKeptUpToDateWhileSomebodyWatches(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	b := c.as("operator")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	lines := b.watch(ctx, "/dashboard")
	next(t, lines, "12,477 of 12,483")

	c.world.Lock()
	c.world.Answers["catalog /admin/v1/status"] = admin.Status{Service: "catalog", Role: "catalog", Records: admin.Records{Total: 12483, Conflicts: 1}}
	c.world.Unlock()
	next(t, lines, "12,482 of 12,483")
	c.world.Lock()
	c.world.Down["stripe"] = http.StatusServiceUnavailable
	c.world.Unlock()
	next(t, lines, "The stripe connector runs, but its database does not answer")

	c.stop()
	select {
	case err := <-c.ended:
		require.NoError(t, err)
	case <-time.After(4 * time.Second): // less than the time that open requests are waited for
		require.FailNow(t, "a watcher holds up the end")
	}
}

func TestNobodyIsAskedWhenNobodyWatches(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	b := c.as("operator")
	ctx, leave := context.WithCancel(t.Context())
	next(t, b.watch(ctx, "/dashboard"), "event: live-health")
	leave()
	path := "stripe /admin/v1/status"
	quiet := func() bool {
		before := c.world.ReadsOf(path)
		<-time.After(1500 * time.Millisecond)
		return c.world.ReadsOf(path) == before
	}
	require.Eventually(t, quiet, patience, time.Millisecond)
}
