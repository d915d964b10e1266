package auth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
)

func TestAnAddressThatGuessesIsRefusedAndAValidKeyBehindItIsNot(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, auth.Migrations)
	keys := auth.NewKeys(db, time.Minute)
	secret, err := keys.Issue(t.Context(), "neighbour", auth.AllScopes(), time.Time{})
	require.NoError(t, err)
	gate := auth.Limits{WrongKeys: 5}.Gate(keys)
	guess := func(i int) auth.Caller {
		return auth.Caller{Authorization: fmt.Sprintf("Bearer ds_guess%d", i), RemoteAddr: "192.0.2.1:5000"}
	}
	for i := range 5 {
		_, _, err := gate.Enter(t.Context(), guess(i))
		require.ErrorIs(t, err, auth.ErrUnknown)
	}
	var tooMany *auth.TooMany
	_, _, err = gate.Enter(t.Context(), guess(5))
	require.ErrorAs(t, err, &tooMany)
	require.True(t, tooMany.Login)
	require.InDelta(t, 12, tooMany.Wait.Seconds(), 1, "five a minute")

	p, _, err := gate.Enter(t.Context(), auth.Caller{Authorization: "Bearer " + secret, RemoteAddr: "192.0.2.1:6000"})
	require.NoError(t, err, "it was never used before and comes from the same address")
	require.Equal(t, "neighbour", p.Name)

	_, _, err = gate.Enter(t.Context(), auth.Caller{RemoteAddr: "192.0.2.1:5000"})
	require.ErrorIs(t, err, auth.ErrMissing)
	other := guess(6)
	other.RemoteAddr = "192.0.2.2:5000"
	_, _, err = gate.Enter(t.Context(), other)
	require.ErrorIs(t, err, auth.ErrUnknown, "another address is another matter")
}

func TestGuessesBeyondTheLimitCostNoQuery(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, auth.Migrations)
	gate := auth.Limits{WrongKeys: 1}.Gate(auth.NewKeys(db, time.Hour))
	wrong := auth.Caller{Authorization: "Bearer ds_wrong", RemoteAddr: "192.0.2.1:5000"}
	var tooMany *auth.TooMany
	_, _, err := gate.Enter(t.Context(), wrong)
	require.ErrorIs(t, err, auth.ErrUnknown)
	_, _, err = gate.Enter(t.Context(), wrong)
	require.ErrorAs(t, err, &tooMany)
	require.NoError(t, db.Exec("DROP TABLE api_keys CASCADE").Error)
	_, _, err = gate.Enter(t.Context(), wrong)
	require.ErrorAs(t, err, &tooMany)
}

func TestAKeyThatIsUsedTooOftenIsToldWhenToComeBack(t *testing.T) {
	t.Parallel()
	keys := auth.NewKeys(postgrestest.Open(t, auth.Migrations), time.Minute)
	secret, err := keys.Issue(t.Context(), "busy", auth.AllScopes(), time.Time{})
	require.NoError(t, err)
	engine := gin.New()
	var refused error
	engine.Use(auth.Middleware(auth.Limits{RequestRate: 0.001}.Gate(keys), func(c *gin.Context, err error) {
		refused = err
		c.Status(http.StatusTooManyRequests)
	}))
	engine.GET("/", func(c *gin.Context) { c.Status(http.StatusOK) })
	for _, want := range []struct {
		status int
		left   string
	}{{http.StatusOK, `"key";r=0;t=1000`}, {http.StatusTooManyRequests, `"key";r=0;t=1000`}} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer "+secret)
		w := httptest.NewRecorder()
		engine.ServeHTTP(w, r)
		require.Equal(t, want.status, w.Code)
		require.Equal(t, want.left, w.Header().Get("RateLimit"))
		require.Equal(t, `"key";q=1;w=1000`, w.Header().Get("RateLimit-Policy"))
	}
	var tooMany *auth.TooMany
	require.ErrorAs(t, refused, &tooMany)
	require.False(t, tooMany.Login)
}

func TestLimitsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	require.NoError(t, auth.Limits{}.Check())
	err := auth.Limits{RequestRate: -1, WrongKeys: -1, TrustedProxies: []string{"proxy"}}.Check()
	for _, name := range []string{"REQUEST_RATE_LIMIT: ", "WRONG_KEY_LIMIT: ", "TRUSTED_PROXIES: "} {
		require.ErrorContains(t, err, name)
	}
}
