package postgres_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
)

func TestEveryConnectionUsesTheSchemaAlone(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	var want string
	require.NoError(t, db.Raw(`SELECT current_schema()`).Scan(&want).Error)
	require.Regexp(t, `^test_[0-9a-f]{8}_[0-9a-f]{8}$`, want)

	var all errgroup.Group
	for range 8 {
		all.Go(func() error {
			return db.Transaction(func(tx *gorm.DB) error { // a connection of its own
				var got string
				err := tx.Raw(`SELECT current_setting('search_path') FROM pg_sleep(0.05)`).Scan(&got).Error
				if err == nil && got != `"`+want+`"` {
					t.Errorf("search_path is %s", got)
				}
				return err
			})
		})
	}
	require.NoError(t, all.Wait())
}

func TestThePoolIsLimited(t *testing.T) {
	t.Parallel()
	pool, err := postgrestest.Open(t).DB()
	require.NoError(t, err)
	require.Equal(t, 8, pool.Stats().MaxOpenConnections)
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		options postgres.Options
		want    string
	}{
		"a schema that is no name": {postgres.Options{URL: postgrestest.URL(), Schema: `a"; DROP`}, "not a valid name"},
		"a URL that is none":       {postgres.Options{URL: "postgres://u:secret@h:port/"}, "the database URL is not valid"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := postgres.Open(t.Context(), test.options)
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestOpenDoesNotWaitForARefusedPassword(t *testing.T) {
	t.Parallel()
	_, err := postgres.Open(t.Context(), postgres.Options{URL: withUser(t, url.UserPassword("datasync", "wrong"))})
	require.ErrorContains(t, err, "password authentication failed")
	require.NotContains(t, err.Error(), "wrong")
}

func TestOpenWaitsForAServerThatStarts(t *testing.T) {
	t.Parallel()
	server, err := url.Parse(postgrestest.URL())
	require.NoError(t, err)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close()) // nobody listens now
	through := *server
	through.Host = address

	log := newWatchedLog()
	opened := make(chan error, 1)
	go func() {
		db, err := postgres.Open(t.Context(), postgres.Options{URL: through.String(), Log: log.Logger})
		if err == nil {
			pool, _ := db.DB()
			err = pool.Close()
		}
		opened <- err
	}()
	log.await(t, "waiting for the database")
	forward(t, address, server.Host)
	require.NoError(t, <-opened)
}

func TestADatabaseThatGoesAwayInTheMiddleIsWaitedFor(t *testing.T) {
	t.Parallel()
	for name, statement := range map[string]string{
		"while the schema is looked for": "pg_namespace",
		"while migrations are listed":    "goose_books",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := newWatchedLog()
			db, err := postgres.Open(t.Context(), postgres.Options{
				URL: breakingOnce(t, statement), Schema: postgrestest.Schema(t), MaxConns: 2, Log: log.Logger,
			})
			require.NoError(t, err)
			pool, err := db.DB()
			require.NoError(t, err)
			t.Cleanup(func() { _ = pool.Close() })
			require.NoError(t, postgres.Migrate(t.Context(), db, books(t)))
			require.Contains(t, log.String(), "waiting for the database", "the connection broke")
		})
	}
}

func TestOpenGivesUpWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := postgres.Open(ctx, postgres.Options{URL: "postgres://u:p@127.0.0.1:1/db"})
	require.True(t, postgres.Unavailable(err), "%v", err)
}

func TestNoValueIsLogged(t *testing.T) {
	t.Parallel()
	log := newWatchedLog()
	db, err := postgres.Open(t.Context(), postgres.Options{URL: postgrestest.URL(), Schema: postgrestest.Schema(t), Log: log.Logger})
	require.NoError(t, err)
	pool, err := db.DB()
	require.NoError(t, err)
	t.Cleanup(func() { _ = pool.Close() })

	require.NoError(t, db.Exec(`SELECT pg_sleep(1.01) WHERE ?::text <> ''`, "private@example.com").Error)
	var slept string
	require.NoError(t, db.Raw(`SELECT ? || pg_sleep(1.01)::text`, "it's private@example.com").Scan(&slept).Error)
	require.Error(t, db.Exec(`SELECT ?::text FROM missing`, "private@example.com").Error)

	log.await(t, "slow statement")
	require.Contains(t, log.String(), "$1")
	require.Contains(t, log.String(), "'...' ||")
	require.NotContains(t, log.String(), "private")
}

func withUser(t *testing.T, user *url.Userinfo) string {
	t.Helper()
	server, err := url.Parse(postgrestest.URL())
	require.NoError(t, err)
	server.User = user
	return server.String()
}

// forward accepts connections on address and connects them to target.
func forward(t *testing.T, address, target string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			inner, err := listener.Accept()
			if err != nil {
				return
			}
			outer, err := new(net.Dialer).DialContext(t.Context(), "tcp", target)
			if err != nil {
				_ = inner.Close()
				return
			}
			go func() { _, _ = io.Copy(outer, inner); _ = outer.Close() }()
			go func() { _, _ = io.Copy(inner, outer); _ = inner.Close() }()
		}
	}()
}

// breakingOnce is the URL of the server through a proxy that breaks the first connection on which text is sent.
func breakingOnce(t *testing.T, text string) string {
	t.Helper()
	server, err := url.Parse(postgrestest.URL())
	require.NoError(t, err)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	target := server.Host
	server.Host = listener.Addr().String()
	var once sync.Once
	go func() {
		for {
			inner, err := listener.Accept()
			if err != nil {
				return
			}
			outer, err := new(net.Dialer).DialContext(t.Context(), "tcp", target)
			if err != nil {
				_ = inner.Close()
				return
			}
			go func() {
				defer func() { _ = outer.Close() }()
				buffer := make([]byte, 64<<10)
				for {
					n, err := inner.Read(buffer)
					if bytes.Contains(buffer[:n], []byte(text)) {
						once.Do(func() { _ = inner.Close() })
					}
					if _, failed := outer.Write(buffer[:n]); err != nil || failed != nil {
						return
					}
				}
			}()
			go func() { _, _ = io.Copy(inner, outer); _ = inner.Close() }()
		}
	}()
	return server.String()
}

// watchedLog is a log that a test can wait for.
type watchedLog struct {
	*slog.Logger
	mu   sync.Mutex
	text bytes.Buffer
}

func newWatchedLog() *watchedLog {
	l := &watchedLog{}
	l.Logger = slog.New(slog.NewTextHandler(l, nil))
	return l
}

func (l *watchedLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *watchedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *watchedLog) await(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return bytes.Contains([]byte(l.String()), []byte(text)) }, 10*time.Second, 5*time.Millisecond)
}
