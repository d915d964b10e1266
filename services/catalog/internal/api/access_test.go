package api_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	driver "gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/services/catalog/internal/api"
)

func TestWithoutAValidKeyNothingIsAnswered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	expired, err := b.keys.Issue(t.Context(), "old", auth.AllScopes(), time.Now().Add(-time.Second))
	require.NoError(t, err)
	for header, code := range map[string]api.Code{
		"":                         api.CodeMissingAPIKey,
		"Basic dXNlcjpwYXNz":       api.CodeMissingAPIKey,
		"Bearer":                   api.CodeMissingAPIKey,
		"Bearer ds_wrong":          api.CodeInvalidAPIKey,
		"bearer " + b.key + "x":    api.CodeInvalidAPIKey,
		"Bearer " + expired:        api.CodeExpiredAPIKey,
		"Bearer \x00'; DROP TABLE": api.CodeInvalidAPIKey,
	} {
		answer := b.do(http.MethodGet, "/v1/customers", "", "Authorization: "+header)
		answer.problem(t, http.StatusUnauthorized, code)
		require.Contains(t, answer.Header.Get("WWW-Authenticate"), "Bearer")
	}
}

func TestAKeyMayDoWhatItsScopesSay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(`{"name": "Jane"}`)
	for _, test := range []struct {
		scopes      []auth.Scope
		read, write int
	}{
		{[]auth.Scope{auth.CustomersRead}, http.StatusOK, http.StatusForbidden},
		{[]auth.Scope{auth.CustomersWrite}, http.StatusForbidden, http.StatusOK},
		{[]auth.Scope{auth.Admin}, http.StatusOK, http.StatusOK},
		{[]auth.Scope{}, http.StatusForbidden, http.StatusForbidden},
	} {
		var err error
		b.key, err = b.keys.Issue(t.Context(), "scoped", test.scopes, time.Time{})
		require.NoError(t, err)
		read, write := b.do(http.MethodGet, pathOf(c), ""), b.do(http.MethodPatch, pathOf(c), `{"name": "Jane"}`)
		require.Equal(t, test.read, read.Status)
		require.Equal(t, test.write, write.Status)
		if write.Status == http.StatusForbidden {
			write.problem(t, http.StatusForbidden, api.CodeInsufficientScope)
			require.Contains(t, write.Body["detail"], "customers:write")
		}
	}
}

func TestTheRequestIDIsTheClientsIfItIsSensible(t *testing.T) {
	t.Parallel()
	b := setup(t)

	require.Equal(t, "abc-1", b.do(http.MethodGet, "/v1/customers", "", "X-Request-Id: abc-1").Header.Get("X-Request-Id"))
	for _, id := range []string{"a b", strings.Repeat("a", 129), "ü"} {
		require.Len(t, b.do(http.MethodGet, "/v1/customers", "", "X-Request-Id: "+id).Header.Get("X-Request-Id"), 36)
	}
}

func TestDocsComeWithAllTheirAssets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{"/docs", "/docs/", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css", "/openapi.json", "/livez", "/readyz", "/metrics"} {
		w := httptest.NewRecorder()
		b.handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		require.Equal(t, http.StatusOK, w.Code, path)
		if strings.HasPrefix(path, "/docs") && !strings.Contains(path, ".") {
			require.Contains(t, w.Body.String(), "/openapi.json")
			for _, attribute := range []string{`src="http`, `href="http`, `src="//`, `href="//`} {
				require.NotContains(t, w.Body.String(), attribute, "an outside request")
			}
		}
	}
}

// away is a store of keys whose database has gone.
type away struct{ err error }

func (a away) Authenticate(context.Context, string) (auth.Principal, error) {
	return auth.Principal{}, a.err
}

func (a away) Exists(context.Context, string) (bool, error) { return false, a.err }

func TestADatabaseThatIsAwayIsAnsweredWith503(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.keys = auth.NewKeys(b.db, time.Minute)
	require.Equal(t, http.StatusOK, b.do(http.MethodGet, "/v1/customers", "").Status)
	nowhere := driver.Open("postgres://nobody@127.0.0.1:1/nothing?sslmode=disable&connect_timeout=1")
	gone, err := gorm.Open(nowhere, &gorm.Config{DisableAutomaticPing: true, Logger: logger.Discard})
	require.NoError(t, err)

	b.handler = b.newHandler(gone, &auth.Gate{Keys: auth.NewKeys(gone, 0)})
	answer := b.do(http.MethodGet, "/v1/customers", "")
	answer.problem(t, http.StatusServiceUnavailable, api.CodeUnavailable)
	require.NotEmpty(t, answer.Header.Get("Retry-After"))

	b.handler = b.newHandler(gone, &auth.Gate{Keys: away{errors.New("a bug")}})
	b.do(http.MethodGet, "/v1/customers", "").problem(t, http.StatusInternalServerError, api.CodeInternal)
}

func TestWhoComesTooOftenIsToldWhenToComeBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.handler = b.newHandler(b.db, auth.Limits{RequestRate: 0.5, WrongKeys: 1}.Gate(b.keys))
	for range 2 {
		answer := b.do(http.MethodGet, "/v1/customers", "")
		if answer.Status == http.StatusOK {
			require.Equal(t, `"key";r=0;t=2`, answer.Header.Get("RateLimit"))
			continue
		}
		answer.problem(t, http.StatusTooManyRequests, api.CodeTooManyRequests)
		require.Equal(t, "2", answer.Header.Get("Retry-After"))
	}
	b.do(http.MethodGet, "/v1/customers", "", "Authorization: Bearer ds_wrong").problem(t, http.StatusUnauthorized, api.CodeInvalidAPIKey)
	answer := b.do(http.MethodGet, "/v1/customers", "", "Authorization: Bearer ds_wrong")
	answer.problem(t, http.StatusTooManyRequests, api.CodeTooManyLogins)
	require.Equal(t, "60", answer.Header.Get("Retry-After"))
}
