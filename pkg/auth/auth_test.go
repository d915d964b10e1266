package auth_test

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
)

func TestAnIssuedKeyIsLetInAndOnlyItsHashIsStored(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, auth.Migrations)
	keys := auth.NewKeys(db, 0)

	secret, err := keys.Issue(t.Context(), "a client", []auth.Scope{auth.CustomersRead}, time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Regexp(t, `^ds_[0-9A-Za-z]{43}$`, secret)

	p, err := keys.Authenticate(t.Context(), secret)
	require.NoError(t, err)
	require.Equal(t, "a client", p.Name)
	require.True(t, p.Can(auth.CustomersRead))
	require.False(t, p.Can(auth.CustomersWrite))

	var table string
	require.NoError(t, db.Raw("SELECT string_agg(k::text, ' ') FROM api_keys k").Scan(&table).Error)
	require.NotContains(t, table, secret)
}

func TestKeysThatAreNotLetIn(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, auth.Migrations)
	keys := auth.NewKeys(db, 0)
	expired, err := keys.Issue(t.Context(), "old", auth.AllScopes(), time.Now().Add(-time.Second))
	require.NoError(t, err)
	revoked, err := keys.Issue(t.Context(), "lost", auth.AllScopes(), time.Time{})
	require.NoError(t, err)
	require.NoError(t, db.Exec("UPDATE api_keys SET revoked_at = now() WHERE name = 'lost'").Error)

	for secret, want := range map[string]error{
		"": auth.ErrMissing, "ds_unknown": auth.ErrUnknown, expired: auth.ErrExpired, revoked: auth.ErrExpired,
	} {
		_, err := keys.Authenticate(t.Context(), secret)
		require.ErrorIs(t, err, want)
	}
}

func TestOnlyOneOfManyReplicasMakesTheFirstKey(t *testing.T) {
	t.Parallel()
	keys := auth.NewKeys(postgrestest.Open(t, auth.Migrations), 0)
	secrets := make(chan string, 5)
	var all sync.WaitGroup
	for range cap(secrets) {
		all.Go(func() {
			secret, err := keys.First(t.Context())
			require.NoError(t, err)
			secrets <- secret
		})
	}
	all.Wait()
	close(secrets)

	made := 0
	for secret := range secrets {
		if secret == "" {
			continue
		}
		made++
		p, err := keys.Authenticate(t.Context(), secret)
		require.NoError(t, err)
		require.True(t, p.Can(auth.Admin))
	}
	require.Equal(t, 1, made)
}

func TestEnsureRepairsAKeyHoweverOften(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, auth.Migrations)
	keys := auth.NewKeys(db, 0)
	require.NoError(t, keys.Ensure(t.Context(), "ds_operator", "bootstrap", []auth.Scope{auth.CustomersRead}))
	require.NoError(t, db.Exec("UPDATE api_keys SET revoked_at = now(), expires_at = now()").Error)

	require.NoError(t, keys.Ensure(t.Context(), "ds_operator", "bootstrap", auth.AllScopes()))

	p, err := keys.Authenticate(t.Context(), "ds_operator")
	require.NoError(t, err)
	require.Equal(t, auth.AllScopes(), p.Scopes)
	secret, err := keys.First(t.Context())
	require.NoError(t, err)
	require.Empty(t, secret, "there is a key already")
}

func TestARememberedKeyCostsNoQuery(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, auth.Migrations)
	remembering, looking := auth.NewKeys(db, time.Minute), auth.NewKeys(db, 0)
	secret, err := remembering.Issue(t.Context(), "a client", auth.AllScopes(), time.Time{})
	require.NoError(t, err)
	_, err = remembering.Authenticate(t.Context(), secret)
	require.NoError(t, err)
	require.NoError(t, db.Exec("DROP TABLE api_keys CASCADE").Error)

	_, err = remembering.Authenticate(t.Context(), secret)
	require.NoError(t, err)
	_, err = looking.Authenticate(t.Context(), secret)
	require.Error(t, err)
	require.NotErrorIs(t, err, auth.ErrUnknown, "a database that fails is not a wrong key")
}

func TestTheMiddlewareLetsThroughOrRefuses(t *testing.T) {
	t.Parallel()
	keys := auth.NewKeys(postgrestest.Open(t, auth.Migrations), 0)
	secret, err := keys.Issue(t.Context(), "a client", auth.AllScopes(), time.Time{})
	require.NoError(t, err)
	engine := gin.New()
	var refused error
	engine.Use(auth.Middleware(&auth.Gate{Keys: keys}, func(c *gin.Context, err error) {
		refused = err
		c.Status(http.StatusUnauthorized)
	}))
	engine.GET("/", func(c *gin.Context) {
		p, ok := auth.From(c.Request.Context())
		require.True(t, ok)
		c.String(http.StatusOK, p.Name)
	})

	for header, want := range map[string]int{
		"Bearer " + secret: http.StatusOK, "bearer  " + secret: http.StatusOK,
		"": http.StatusUnauthorized, secret: http.StatusUnauthorized, "Basic " + secret: http.StatusUnauthorized, "Bearer x": http.StatusUnauthorized,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		engine.ServeHTTP(w, r)
		require.Equal(t, want, w.Code, header)
		if want == http.StatusOK {
			require.Equal(t, "a client", w.Body.String())
		}
	}
	require.Error(t, refused)
	_, ok := auth.From(t.Context())
	require.False(t, ok)
}
