package session_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/datasync-dev/datasync/services/console/internal/session"
)

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := session.NewStore(time.Hour)
		cookie, begun := store.Begin("ada", session.Operator)
		other, _ := store.Begin("grace", session.Viewer)
		found, ok := store.Find(cookie)
		require.True(t, ok)
		require.Same(t, begun, found)
		require.True(t, found.Genuine(begun.CSRF))
		require.False(t, found.Genuine(""))

		store.End(other)
		_, ok = store.Find(other)
		require.False(t, ok, "logged out")
		_, ok = store.Find("guessed")
		require.False(t, ok)

		time.Sleep(61 * time.Minute) //nolint:forbidigo // the bubble's clock
		_, ok = store.Find(cookie)
		require.False(t, ok, "expired")
	})
}

func TestASentenceIsSaidOnce(t *testing.T) {
	t.Parallel()
	_, s := session.NewStore(time.Hour).Begin("ada", session.Viewer)
	s.Say(session.Flash{Text: "Done."})
	require.Equal(t, "Done.", s.Said().Text)
	require.Empty(t, s.Said().Text)
}

func TestADoubleClickActsOnce(t *testing.T) {
	t.Parallel()
	_, s := session.NewStore(time.Hour).Begin("ada", session.Operator)
	var done atomic.Int32
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			outcome, err := s.Once(t.Context(), "push", false, func(context.Context) (any, error) { return done.Add(1), nil })
			require.NoError(t, err)
			require.EqualValues(t, 1, outcome)
		})
	}
	all.Wait()
	require.EqualValues(t, 1, done.Load())
}

func TestAButtonPressedAgainIsMeantAgainAndAFormIsNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, s := session.NewStore(time.Hour).Begin("ada", session.Operator)
		press := func(what string, token bool) any {
			outcome, err := s.Once(t.Context(), what, token, func(context.Context) (any, error) { return time.Now(), nil })
			require.NoError(t, err)
			return outcome
		}
		button, form := press("push", false), press("retry token", true)
		time.Sleep(time.Minute) //nolint:forbidigo // the bubble's clock
		require.NotEqual(t, button, press("push", false))
		require.Equal(t, form, press("retry token", true))
	})
}

func TestWhatFailedMayBeTriedAgain(t *testing.T) {
	t.Parallel()
	_, s := session.NewStore(time.Hour).Begin("ada", session.Operator)
	_, err := s.Once(t.Context(), "push", true, func(context.Context) (any, error) { return nil, errors.New("away") })
	require.Error(t, err)
	outcome, err := s.Once(t.Context(), "push", true, func(context.Context) (any, error) { return "done", nil })
	require.NoError(t, err)
	require.Equal(t, "done", outcome)
}

func TestUsers(t *testing.T) {
	t.Parallel()
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), bcrypt.MinCost)
	require.NoError(t, err)
	users, err := session.ParseUsers("# people\nada:operator:" + string(hash) + ",\n grace:admin:" + string(hash))
	require.NoError(t, err)
	require.Len(t, users, 2)
	user, ok := users.Check("ada", "secret")
	require.True(t, ok)
	require.Equal(t, session.Operator, user.Role)
	for name, password := range map[string]string{"ada": "wrong", "nobody": "secret", "": ""} {
		_, ok := users.Check(name, password)
		require.False(t, ok, name)
	}
}

func TestBadUsersAreToldWithoutTheirHashes(t *testing.T) {
	t.Parallel()
	_, err := session.ParseUsers("ada,grace:boss:$2a$x,edsger:admin:plainpassword")
	require.ErrorContains(t, err, "entry 1")
	require.ErrorContains(t, err, "not viewer, operator or admin")
	require.ErrorContains(t, err, "password of edsger")
	require.NotContains(t, err.Error(), "plainpassword")
}

func TestRolesOfKeys(t *testing.T) {
	t.Parallel()
	for scopes, want := range map[string]session.Role{
		"admin:read": session.Viewer, "customers:write,admin:write": session.Operator, "admin,admin:read": session.Admin, "customers:read": 0, "": 0,
	} {
		role, ok := session.OfScopes(strings.Split(scopes, ","))
		require.Equal(t, want, role, scopes)
		require.Equal(t, want != 0, ok, scopes)
	}
}

func TestALinkLogsInOnceAndIsRenewed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "login")
	link, err := session.NewLink(file, "http://localhost:5555")
	require.NoError(t, err)
	token := func() string {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		_, token, ok := strings.Cut(strings.TrimSpace(string(raw)), "http://localhost:5555/login/link?token=")
		require.True(t, ok, "%s", raw)
		return token
	}
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	first := token()
	for _, c := range []struct {
		token string
		want  bool
	}{{"guess", false}, {first, true}, {first, false}} {
		ok, err := link.Use(c.token)
		require.NoError(t, err)
		require.Equal(t, c.want, ok)
	}
	ok, err := link.Use(token())
	require.NoError(t, err)
	require.True(t, ok, "the next one is in the file")
}

func TestGuessingIsSlowedDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		throttle := session.NewThrottle()
		for range 10 {
			require.Zero(t, throttle.Wait("1.2.3.4"))
			throttle.Failed("1.2.3.4")
		}
		require.Positive(t, throttle.Wait("1.2.3.4"))
		require.Zero(t, throttle.Wait("5.6.7.8"))
		time.Sleep(2 * time.Minute) //nolint:forbidigo // the bubble's clock
		require.Zero(t, throttle.Wait("1.2.3.4"))
	})
}
