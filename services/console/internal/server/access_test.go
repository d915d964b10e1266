package server_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/consoletest"
)

func TestWhoIsNotLoggedInIsSentToTheDoorAndBack(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	b := c.browser()
	page := "/dashboard/customers?q=ada"
	to := "/login?next=" + url.QueryEscape(page)
	a := b.get(page)
	require.Equal(t, http.StatusSeeOther, a.status)
	require.Equal(t, to, a.header.Get("Location"))
	require.Equal(t, to, b.get("/x", "HX-Request", "true", "HX-Current-URL", c.url+page).header.Get("Hx-Redirect"))
	b.get(page, "Accept", "text/event-stream").has(t, "event: leave\ndata: "+to, "the page")

	b.get(to).has(t, "Log in to the console", "the page")
	a = b.post("/login", url.Values{"name": {"viewer"}, "password": {"viewer"}, "next": {page}})
	require.Equal(t, page, a.header.Get("Location"))
	require.Equal(t, http.StatusOK, b.get(page).status)
	require.Equal(t, page, b.get(to).header.Get("Location"), "who is in already need not log in")

	require.Equal(t, http.StatusSeeOther, b.post("/logout", url.Values{}).status)
	require.Equal(t, http.StatusSeeOther, b.get(page).status)
}

func TestRedirectsStayOnThisSite(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	for _, next := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "javascript:alert(1)"} {
		a := c.browser().post("/login", url.Values{"name": {"viewer"}, "password": {"viewer"}, "next": {next}})
		require.Equal(t, "/dashboard", a.header.Get("Location"), next)
		b := c.as("operator")
		form := b.form("/dashboard/workers", "back", next, "workers", "8")
		require.Equal(t, "/dashboard", b.post("/dashboard/services/stripe/scale", form).header.Get("Location"), next)
	}
}

func TestLogInWithAKeyGivesTheRoleOfItsScopes(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	logIn := func(key string, scopes ...string) answer {
		c.world.Lock()
		c.world.Answers["catalog /admin/v1/me"] = admin.Me{Name: "reports", Scopes: scopes}
		c.world.Unlock()
		b := c.browser()
		a := b.post("/login", url.Values{"key": {key}})
		if a.status != http.StatusSeeOther {
			return a
		}
		return b.get("/dashboard")
	}
	logIn(consoletest.Key, "admin:read").has(t, "Logged in as viewer", "the page")
	logIn(consoletest.Key, "admin:write").has(t, "Logged in as operator", "the page")
	logIn(consoletest.Key, "admin").has(t, "Logged in as admin", "the page")
	a := logIn(consoletest.Key, "customers:read")
	require.Equal(t, http.StatusUnauthorized, a.status)
	a.has(t, "it needs the scope admin:read", "the page")
	logIn("ds_wrong", "admin").has(t, "does not know this key", "the page")
}

func TestGuessesAreRefusedAfterAWhile(t *testing.T) {
	t.Parallel()
	b := start(t, nil).browser()
	for range 10 {
		require.Equal(t, http.StatusUnauthorized, b.post("/login", url.Values{"name": {"admin"}, "password": {"guess"}}).status)
	}
	a := b.post("/login", url.Values{"name": {"admin"}, "password": {"admin"}})
	require.Equal(t, http.StatusTooManyRequests, a.status)
	require.NotEmpty(t, a.header.Get("Retry-After"))
}

func TestTheLinkOfALocalStartLogsInOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "login")
	c := start(t, map[string]string{"LOGIN_LINK_FILE": file})
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	link, err := url.Parse(strings.TrimSpace(string(raw)))
	require.NoError(t, err)
	b := c.browser()
	require.Equal(t, "/dashboard", b.get(link.RequestURI()).header.Get("Location"))
	b.get("/dashboard").has(t, "Logged in as admin", "the page")
	again := c.browser().get(link.RequestURI())
	require.Equal(t, http.StatusUnauthorized, again.status)
	again.has(t, "used already", "the page")
}

func TestWithoutAuthOnlyThisMachineIsServed(t *testing.T) {
	t.Parallel()
	b := start(t, map[string]string{"CONSOLE_AUTH": "off"}).browser()
	require.Equal(t, http.StatusOK, b.get("/dashboard").status)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+"/dashboard", http.NoBody)
	require.NoError(t, err)
	request.Host = "rebound.example"
	require.Equal(t, http.StatusMisdirectedRequest, b.do(request).status)
}

func TestAViewerSeesNoPersonalDataAndNoButtons(t *testing.T) {
	t.Parallel()
	viewer := start(t, nil).as("viewer")
	for path := range pages() {
		a := viewer.get(path)
		for _, secret := range []string{"ada@lovelace.example", "grace@navy.example", "edsger@localhost", "ada@old.example", "+44 20", "+1 212", "customer.updated.v9", "London"} {
			a.lacks(t, secret, path)
		}
		a.lacks(t, `hx-post`, path)
	}
	viewer.get("/dashboard/customers").has(t, "a•••@lovelace.example", "the page")
	for _, path := range []string{"/dashboard/settings", "/dashboard/failures/stripe/f1/retry", "/dashboard/drift/run"} {
		a := viewer.get(path)
		require.Equal(t, http.StatusForbidden, a.status, path)
		a.has(t, "Your role does not allow this.", path)
	}
	require.Equal(t, http.StatusForbidden, start(t, nil).as("operator").get("/dashboard/settings").status)
}

func TestConfigurationThatWouldLetAnybodyInIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ variable, value, want string }{
		"open to the network": {"CONSOLE_AUTH", "off", "CONSOLE_AUTH: can be off only"},
		"plain passwords":     {"CONSOLE_USERS", "ada:admin:hello", "CONSOLE_USERS: entry 1"},
		"no connector's name": {"CONNECTORS", "http://127.0.0.1:8001", "CONNECTORS: must look like"},
		"twice":               {"CONNECTORS", "a=http://x,a=http://y", "CONNECTORS: must look like"},
		"half a URL":          {"CATALOG_URL", "localhost", "CATALOG_URL: is not a complete"},
		"no time":             {"SESSION_LIFETIME", "0s", "SESSION_LIFETIME: must be above 0"},
		"half a public URL":   {"PUBLIC_URL", "example.org", "PUBLIC_URL: is not a complete"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorContains(t, run(t, map[string]string{"ADDR": ":5555", "CATALOG_API_KEY": "ds_x", c.variable: c.value}), c.want)
		})
	}
}
