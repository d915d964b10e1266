package server_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/service/servicetest"
	"github.com/datasync-dev/datasync/services/console/internal/openid/openidtest"
)

// single is a console where people log in by a provider.
type single struct {
	*console
	provider *openidtest.Provider
}

// registered are the settings of a console that a provider knows.
func registered(issuer string) map[string]string {
	return map[string]string{
		"OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": openidtest.ClientID, "OIDC_CLIENT_SECRET": openidtest.Secret, "OIDC_NAME": "Example & Sons",
		"OIDC_ROLES": "datasync-viewers=viewer,datasync-operators=operator,datasync-admins=admin",
	}
}

func startSingle(t *testing.T) *single {
	t.Helper()
	provider := openidtest.Start(t, "127.0.0.1:0")
	return &single{start(t, registered(provider.Issuer)), provider}
}

// says sets what the provider says about who logs in next.
func (s *single) says(claims map[string]any) {
	s.provider.Lock()
	defer s.provider.Unlock()
	s.provider.Claims = claims
}

// visit goes to the provider and returns the way back, as the provider gives it.
func (b *browser) visit(to string) string {
	b.t.Helper()
	require.NotEmpty(b.t, to)
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, to, http.NoBody)
	require.NoError(b.t, err)
	a := b.do(request)
	require.Equal(b.t, http.StatusFound, a.status, a.body)
	back, err := url.Parse(a.header.Get("Location"))
	require.NoError(b.t, err)
	require.Equal(b.t, "/login/oidc/callback", back.Path)
	return back.RequestURI()
}

// byProvider logs in by the provider, from the log-in page's link on.
func (b *browser) byProvider(page string) answer {
	b.t.Helper()
	link := b.get("/login?next=" + url.QueryEscape(page)).link(b.t)
	return b.get(b.visit(b.get(link).header.Get("Location")))
}

var providerLink = regexp.MustCompile(`href="(/login/oidc[^"]+)"`)

// link is where the log-in page sends people to log in by the provider.
func (a answer) link(t *testing.T) string {
	t.Helper()
	found := providerLink.FindStringSubmatch(a.body)
	require.Len(t, found, 2, "no link to the provider")
	return found[1]
}

func TestLogInByAProviderGivesTheRoleOfTheGroup(t *testing.T) {
	t.Parallel()
	s := startSingle(t)
	for _, role := range []string{"viewer", "operator", "admin"} {
		s.says(map[string]any{"sub": "u1", "preferred_username": "ada", "groups": []string{"staff", "datasync-" + role + "s"}})
		b := s.browser()
		page := "/dashboard/customers?q=a&limit=10"
		a := b.byProvider(page)
		require.Equal(t, http.StatusSeeOther, a.status, a.body)
		require.Equal(t, page, a.header.Get("Location"))
		a = b.get(page)
		a.has(t, "Logged in as "+role, "the page")
		a.has(t, "ada", "the page")
		require.Equal(t, page, b.get("/login/oidc?next="+url.QueryEscape(page)).header.Get("Location"), "who is in already need not log in")
	}
}

func TestTheProviderIsOfferedOnlyWhereThereIsOne(t *testing.T) {
	t.Parallel()
	a := startSingle(t).browser().get("/login")
	a.has(t, "Log in with Example & Sons", "the log-in page")
	a.has(t, "Or with an API key", "the log-in page")
	require.Equal(t, 1, strings.Count(a.body, "autofocus"))
	require.Equal(t, 1, strings.Count(a.body, "primary"))
	without := start(t, nil).browser()
	a = without.get("/login")
	a.lacks(t, "/login/oidc", "the log-in page")
	require.Equal(t, 1, strings.Count(a.body, "autofocus"))
	require.Equal(t, "/login?next=%2Flogin%2Foidc", without.get("/login/oidc").header.Get("Location"))
}

func TestWhoTheProviderDoesNotVouchForIsNotLetIn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(p *openidtest.Provider)
		status int
		want   string
	}{
		"unknown group": {func(p *openidtest.Provider) { p.Claims["groups"] = "sales" }, http.StatusForbidden, "You have no role here"},
		"access denied": {func(p *openidtest.Provider) { p.Deny = "access_denied" }, http.StatusForbidden, "The provider denied access"},
		"wrong nonce": {
			func(p *openidtest.Provider) { p.Forge = func(claims map[string]any) { claims["nonce"] = "x" } }, http.StatusForbidden, "cannot be trusted",
		},
		"wrong audience": {
			func(p *openidtest.Provider) { p.Forge = func(claims map[string]any) { claims["aud"] = "wiki" } }, http.StatusForbidden, "cannot be trusted",
		},
		"expired": {
			func(p *openidtest.Provider) { p.Forge = func(claims map[string]any) { claims["exp"] = 1 } }, http.StatusForbidden, "cannot be trusted",
		},
		"broken": {func(p *openidtest.Provider) { p.Broken = http.StatusBadGateway }, http.StatusServiceUnavailable, "does not answer as it should"},
		"misconfigured": {
			func(p *openidtest.Provider) { p.Broken = http.StatusUnauthorized }, http.StatusServiceUnavailable, "does not accept how the console asks",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := startSingle(t)
			s.provider.Claims = map[string]any{"sub": "u1", "groups": "datasync-admins"}
			c.change(s.provider)
			b := s.browser()
			a := b.byProvider("/dashboard/queues")
			require.Equal(t, c.status, a.status)
			a.has(t, c.want, "the log-in page")
			again, err := url.Parse(a.link(t))
			require.NoError(t, err)
			require.Equal(t, "/dashboard/queues", again.Query().Get("next"))
			require.Equal(t, http.StatusSeeOther, b.get("/dashboard").status, "nobody is logged in")
		})
	}
}

func TestAnUnverifiedAddressGivesNoRole(t *testing.T) {
	t.Parallel()
	provider := openidtest.Start(t, "127.0.0.1:0")
	settings := registered(provider.Issuer)
	settings["OIDC_ROLE_CLAIM"], settings["OIDC_ROLES"] = "email", "ada@example.com=operator"
	s := &single{start(t, settings), provider}
	s.says(map[string]any{"sub": "u1", "email": "ada@example.com", "email_verified": false})
	a := s.browser().byProvider("/dashboard")
	require.Equal(t, http.StatusForbidden, a.status)
	a.has(t, "Your e-mail address is not verified", "the log-in page")

	s.says(map[string]any{"sub": "u1", "email": "ada@example.com", "email_verified": true})
	b := s.browser()
	require.Equal(t, http.StatusSeeOther, b.byProvider("/dashboard").status)
	b.get("/dashboard").has(t, "Logged in as operator", "the page")
}

func TestACallbackIsGoodOnceInTheBrowserThatBeganIt(t *testing.T) {
	t.Parallel()
	s := startSingle(t)
	s.says(map[string]any{"sub": "u1", "groups": "datasync-admins"})
	lost := func(a answer, why string) {
		t.Helper()
		require.Equal(t, http.StatusBadRequest, a.status, why)
		a.has(t, "This log-in took too long, or was begun in another tab or browser", why)
		require.NotContains(t, strings.Join(a.header.Values("Set-Cookie"), "\n"), "datasync=", why)
	}
	b := s.browser()
	begun := b.get("/login/oidc")
	cookie := begun.header.Get("Set-Cookie")
	for _, part := range []string{"datasync-login=", "Path=/", "HttpOnly", "SameSite=Lax"} {
		require.Contains(t, cookie, part)
	}
	callback := b.visit(begun.header.Get("Location"))
	lost(s.browser().get(callback), "a browser that began nothing")
	other := s.browser()
	other.get("/login/oidc")
	lost(other.get(callback), "a browser that began another log-in")
	require.Equal(t, http.StatusSeeOther, b.get(callback).status)
	lost(b.get(callback), "again")
	lost(s.browser().get(callback, "Cookie", strings.Split(cookie, ";")[0]), "again, with what the browser kept")
}

func TestTheCookieOfALogInIsBoundToHTTPSAndTheHost(t *testing.T) {
	t.Parallel()
	provider := openidtest.Start(t, "127.0.0.1:0")
	settings := registered(provider.Issuer)
	settings["PUBLIC_URL"] = "https://console.example.com/"
	a := start(t, settings).browser().get("/login/oidc")
	require.True(t, strings.HasPrefix(a.header.Get("Set-Cookie"), "__Host-datasync-login="))
	require.Contains(t, a.header.Get("Set-Cookie"), "Secure")
	to, err := url.Parse(a.header.Get("Location"))
	require.NoError(t, err)
	require.Equal(t, "https://console.example.com/login/oidc/callback", to.Query().Get("redirect_uri"))
}

func TestALogInByAProviderStaysOnThisSite(t *testing.T) {
	t.Parallel()
	s := startSingle(t)
	s.says(map[string]any{"sub": "u1", "groups": "datasync-viewers"})
	for _, next := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "javascript:alert(1)", ""} {
		b := s.browser()
		a := b.get(b.visit(b.get("/login/oidc?next=" + url.QueryEscape(next)).header.Get("Location")))
		require.Equal(t, "/dashboard", a.header.Get("Location"), next)
	}
}

func TestAProviderThatIsAwayAtTheStartIsAskedAgain(t *testing.T) {
	t.Parallel()
	addr := fmt.Sprintf("127.0.0.1:%d", servicetest.FreePort(t))
	c := start(t, registered("http://"+addr))
	b := c.browser()
	a := b.get("/login/oidc?next=%2Fdashboard%2Fqueues")
	require.Equal(t, http.StatusServiceUnavailable, a.status)
	a.has(t, "The provider does not answer as it should", "the log-in page")
	require.Equal(t, http.StatusOK, c.as("viewer").get("/dashboard").status, "others still log in")

	s := &single{c, openidtest.Start(t, addr)}
	s.says(map[string]any{"sub": "u1", "groups": "datasync-viewers"})
	require.Equal(t, "/dashboard/queues", b.byProvider("/dashboard/queues").header.Get("Location"))
}

func TestAProviderThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change map[string]string
		want   string
	}{
		"no issuer":             {map[string]string{"OIDC_ISSUER": ""}, "OIDC_CLIENT_ID: does nothing without OIDC_ISSUER"},
		"a name alone":          {map[string]string{"OIDC_ISSUER": "", "OIDC_CLIENT_ID": "", "OIDC_CLIENT_SECRET": "", "OIDC_ROLES": ""}, "OIDC_NAME: does nothing without OIDC_ISSUER"},
		"half an issuer":        {map[string]string{"OIDC_ISSUER": "accounts.example.com"}, "OIDC_ISSUER: is not a complete URL"},
		"an issuer with more":   {map[string]string{"OIDC_ISSUER": "https://accounts.example.com?tenant=1"}, "OIDC_ISSUER: is not a complete URL"},
		"an issuer by http":     {map[string]string{"OIDC_ISSUER": "http://accounts.example.com"}, "OIDC_ISSUER: must be https"},
		"no client":             {map[string]string{"OIDC_CLIENT_ID": ""}, "OIDC_CLIENT_ID: is not set"},
		"no way back":           {map[string]string{"PUBLIC_URL": ""}, "PUBLIC_URL: is not set; with OIDC_ISSUER"},
		"no roles":              {map[string]string{"OIDC_ROLES": ""}, "OIDC_ROLES: is not set"},
		"nothing but commas":    {map[string]string{"OIDC_ROLES": " , "}, "OIDC_ROLES: is not set"},
		"no role":               {map[string]string{"OIDC_ROLES": "a=viewer,staff"}, "OIDC_ROLES: entry 2 must look like"},
		"a role that is none":   {map[string]string{"OIDC_ROLES": "staff=root"}, "OIDC_ROLES: entry 1 must look like"},
		"one value, two roles":  {map[string]string{"OIDC_ROLES": "staff=viewer,staff=admin"}, "OIDC_ROLES: entry 2 maps what an entry before it maps"},
		"a file that is not so": {map[string]string{"OIDC_CLIENT_SECRET": "", "OIDC_CLIENT_SECRET_FILE": "/no/such"}, "OIDC_CLIENT_SECRET_FILE: open /no/such"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := registered("https://accounts.example.com")
			env["ADDR"], env["CATALOG_API_KEY"], env["PUBLIC_URL"] = ":5555", "ds_x", "https://console.example.com"
			maps.Copy(env, c.change)
			err := run(t, env)
			require.ErrorContains(t, err, "\n"+c.want)
			require.NotContains(t, err.Error(), openidtest.Secret)
		})
	}
}
