package openid_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/services/console/internal/openid"
	"github.com/datasync-dev/datasync/services/console/internal/openid/openidtest"
	"github.com/datasync-dev/datasync/services/console/internal/session"
)

const redirect = "https://console.example.com/login/oidc/callback"

type bundle struct {
	t        *testing.T
	provider *openidtest.Provider
	console  *openid.Provider
}

// setup returns a provider that knows ada, of the groups staff and admins, and a console that is registered there.
func setup(t *testing.T, change func(o *openid.Options)) *bundle {
	t.Helper()
	provider := openidtest.New(t, "https://accounts.example.com")
	provider.Claims = map[string]any{"sub": "u1", "preferred_username": "ada", "groups": []string{"staff", "admins", "staff"}}
	o := openid.Options{
		Name: "Example", Issuer: provider.Issuer, ClientID: openidtest.ClientID, Secret: openidtest.Secret, Redirect: redirect,
		Claim: "groups", Roles: openid.Roles{"staff": session.Viewer, "admins": session.Admin}, HTTP: provider.Client(),
	}
	if change != nil {
		change(&o)
	}
	console, err := openid.New(o)
	require.NoError(t, err)
	return &bundle{t, provider, console}
}

// begin goes to the provider and back: what the browser kept, and the query that it comes back with.
func (b *bundle) begin() (kept string, query url.Values) {
	b.t.Helper()
	to, kept, err := b.console.Begin(b.t.Context(), "/dashboard/queues")
	require.NoError(b.t, err)
	answer := httptest.NewRecorder()
	b.provider.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, to, http.NoBody))
	require.Equal(b.t, http.StatusFound, answer.Code, answer.Body.String())
	back, err := url.Parse(answer.Header().Get("Location"))
	require.NoError(b.t, err)
	require.True(b.t, strings.HasPrefix(back.String(), redirect+"?"))
	return kept, back.Query()
}

func (b *bundle) logIn() (openid.Person, error) {
	b.t.Helper()
	kept, query := b.begin()
	return b.console.Finish(b.t.Context(), kept, query)
}

func TestTheHighestRoleOfTheClaimCounts(t *testing.T) {
	t.Parallel()
	who, err := setup(t, nil).logIn()
	require.NoError(t, err)
	require.Equal(t, openid.Person{Name: "ada", Role: session.Admin, Next: "/dashboard/queues"}, who)
}

func TestWhatTheProviderSaysGivesNameAndRole(t *testing.T) {
	t.Parallel()
	byEmail := func(o *openid.Options) { o.Claim, o.Roles = "email", openid.Roles{"ada@example.com": session.Operator} }
	for name, c := range map[string]struct {
		change func(*openid.Options)
		claims map[string]any
		want   openid.Person
		err    error
	}{
		"a string":                      {nil, map[string]any{"sub": "u1", "groups": "staff"}, openid.Person{Name: "u1", Role: session.Viewer}, nil},
		"a list":                        {nil, map[string]any{"sub": "u1", "groups": []any{7, "staff"}}, openid.Person{Name: "u1", Role: session.Viewer}, nil},
		"an unknown group":              {nil, map[string]any{"sub": "u1", "groups": []string{"sales"}}, openid.Person{Name: "u1"}, openid.ErrNoRole},
		"no group":                      {nil, map[string]any{"sub": "u1"}, openid.Person{Name: "u1"}, openid.ErrNoRole},
		"groups in an object":           {nil, map[string]any{"sub": "u1", "groups": map[string]any{"admins": true}}, openid.Person{Name: "u1"}, openid.ErrNoRole},
		"a verified address":            {byEmail, map[string]any{"sub": "u1", "email": "ada@example.com", "email_verified": true}, openid.Person{Name: "ada@example.com", Role: session.Operator}, nil},
		"verified in a string":          {byEmail, map[string]any{"sub": "u1", "email": "ada@example.com", "email_verified": "true"}, openid.Person{Name: "ada@example.com", Role: session.Operator}, nil},
		"an address that is not":        {byEmail, map[string]any{"sub": "u1", "email": "ada@example.com", "email_verified": false}, openid.Person{Name: "u1"}, openid.ErrUnverified},
		"an address that may be":        {byEmail, map[string]any{"sub": "u1", "email": "ada@example.com"}, openid.Person{Name: "u1"}, openid.ErrUnverified},
		"no address":                    {byEmail, map[string]any{"sub": "u1", "email_verified": true}, openid.Person{Name: "u1"}, openid.ErrNoRole},
		"an unverified address names":   {nil, map[string]any{"sub": "u1", "email": "boss@example.com", "groups": "staff"}, openid.Person{Name: "u1", Role: session.Viewer}, nil},
		"a name that no header can":     {nil, map[string]any{"sub": "u1", "preferred_username": "ada\r\nx: y\x00", "groups": "staff"}, openid.Person{Name: "ada  x: y", Role: session.Viewer}, nil},
		"a name of nothing but silence": {nil, map[string]any{"sub": "u1", "preferred_username": " \x07", "groups": "staff"}, openid.Person{Name: "u1", Role: session.Viewer}, nil},
		"a name without end": {
			nil,
			map[string]any{"sub": "u1", "preferred_username": strings.Repeat("ä", 80), "groups": "staff"},
			openid.Person{Name: strings.Repeat("ä", 50), Role: session.Viewer},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, c.change)
			b.provider.Claims = c.claims
			who, err := b.logIn()
			require.ErrorIs(t, err, c.err)
			c.want.Next = "/dashboard/queues"
			require.Equal(t, c.want, who)
		})
	}
}

func TestWhatIsNotProvenIsNotBelieved(t *testing.T) {
	t.Parallel()
	for name, forge := range map[string]func(claims map[string]any){
		"a nonce of another log-in": func(claims map[string]any) { claims["nonce"] = "another" },
		"no nonce":                  func(claims map[string]any) { delete(claims, "nonce") },
		"for another client":        func(claims map[string]any) { claims["aud"] = "wiki" },
		"by another issuer":         func(claims map[string]any) { claims["iss"] = "https://evil.example" },
		"expired":                   func(claims map[string]any) { claims["exp"] = time.Now().Add(-time.Second).Unix() },
		"without an end":            func(claims map[string]any) { delete(claims, "exp") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, nil)
			b.provider.Forge = forge
			who, err := b.logIn()
			require.ErrorIs(t, err, openid.ErrUnproven)
			require.Zero(t, who.Role)
		})
	}
	t.Run("signed by somebody else", func(t *testing.T) {
		t.Parallel()
		b := setup(t, nil)
		b.provider.Key = openidtest.NewKey(t)
		_, err := b.logIn()
		require.ErrorIs(t, err, openid.ErrUnproven)
	})
}

func TestALogInEndsWhereItBegan(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	kept, query := b.begin()
	elsewhere, _ := b.begin()
	foreign, _ := setup(t, nil).begin()
	for name, other := range map[string]string{
		"another log-in of this console": elsewhere, "another console": foreign, "nothing": "", "no base64": "ä",
		"changed": kept[1:] + kept[:1],
	} {
		who, err := b.console.Finish(t.Context(), other, query)
		require.ErrorIs(t, err, openid.ErrLost, name)
		require.Zero(t, who.Role, name)
	}
	_, err := b.console.Finish(t.Context(), kept, query)
	require.NoError(t, err)
	_, err = b.console.Finish(t.Context(), kept, query)
	require.ErrorIs(t, err, openid.ErrLost, "the code is used up")
}

func TestALogInThatTakesTooLongIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := setup(t, nil)
		kept, query := b.begin()
		time.Sleep(openid.Lifetime + time.Second) //nolint:forbidigo // the bubble's clock
		_, err := b.console.Finish(t.Context(), kept, query)
		require.ErrorIs(t, err, openid.ErrLost)
	})
}

func TestErrorsTellNothingAboutThePerson(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(b *bundle)
		want   error
	}{
		"denied":         {func(b *bundle) { b.provider.Deny = "access_denied" }, openid.ErrDenied},
		"sent back":      {func(b *bundle) { b.provider.Deny = "server_error" }, openid.ErrRefused},
		"token endpoint": {func(b *bundle) { b.provider.Broken = http.StatusBadGateway }, openid.ErrAway},
		"wrong secret":   {func(b *bundle) { b.provider.Broken = http.StatusUnauthorized }, openid.ErrRefused},
		"no role":        {func(b *bundle) { b.provider.Claims["groups"] = "ada@example.com" }, openid.ErrNoRole},
		"somebody else's": {func(b *bundle) {
			b.provider.Info = map[string]any{"sub": "ada@example.com"}
			delete(b.provider.Claims, "groups")
		}, openid.ErrUnproven},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, nil)
			c.change(b)
			_, err := b.logIn()
			require.ErrorIs(t, err, c.want)
			require.NotContains(t, err.Error(), "ada")
		})
	}
}

func TestAPublicClientProvesItselfByPKCEAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, func(o *openid.Options) { o.Secret = "" })
	b.provider.Public = true
	who, err := b.logIn()
	require.NoError(t, err)
	require.Equal(t, session.Admin, who.Role)
}

func TestAClaimThatTheIDTokenLacksIsAskedFor(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.provider.Claims, b.provider.Info = map[string]any{"sub": "u1"}, map[string]any{"sub": "u1", "preferred_username": "ada", "groups": "staff"}
	who, err := b.logIn()
	require.NoError(t, err)
	require.Equal(t, "ada", who.Name)
	require.Equal(t, session.Viewer, who.Role)
}

func TestOnlyScopesThatTheProviderKnowsAreAskedFor(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	b.begin()
	require.Equal(t, []string{"openid", "profile", "email"}, b.provider.Asked)
	b = setup(t, nil)
	b.provider.Scopes = []string{"groups", "offline_access"}
	b.begin()
	require.Equal(t, []string{"openid", "profile", "email", "groups"}, b.provider.Asked)
}

func TestAPageWithAnAddressTooLongForACookieIsForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t, nil)
	for length, want := range map[int]int{1500: 1500, 3000: 0} {
		next := "/dashboard?" + strings.Repeat("&", length-11)
		_, kept, err := b.console.Begin(t.Context(), next)
		require.NoError(t, err)
		require.Less(t, len(kept), 3500)
		who, err := b.console.Finish(t.Context(), kept, url.Values{})
		require.ErrorIs(t, err, openid.ErrLost)
		require.Len(t, who.Next, want)
	}
}
