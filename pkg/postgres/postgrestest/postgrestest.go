// Package postgrestest gives each test a schema of its own in a real PostgreSQL.
package postgrestest

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/postgres"
)

const (
	defaultURL = "postgres://datasync:datasync@localhost:5432/datasync?sslmode=disable"
	patience   = 20 * time.Second
	maxConns   = 8 // many tests share one server
)

// URL is the server that the tests use: DATABASE_URL, or the one that `make deps` starts.
func URL() string { return cmp.Or(os.Getenv("DATABASE_URL"), defaultURL) }

// Open returns a database with an empty schema in which sets have been applied, as new. The pool is closed when the test
// ends. Without a server the test fails.
func Open(t testing.TB, sets ...postgres.Migrations) *gorm.DB {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	key := keyOf(t, sets)
	k := shelved.schema(t, key)
	t.Cleanup(func() {
		withConn(t, "put away schema "+k.schema, func(ctx context.Context, conn *pgx.Conn) error { return putAway(ctx, conn, key, k) })
	})
	db, err := postgres.Open(ctx, postgres.Options{URL: unsynced(URL()), Schema: k.schema, MaxConns: maxConns})
	require.NoError(t, err, "tests need PostgreSQL: run `make deps`, or set DATABASE_URL")
	t.Cleanup(func() {
		pool, err := db.DB()
		if err == nil {
			err = pool.Close()
		}
		if err != nil {
			t.Errorf("close the database: %v", err)
		}
	})
	if k.shape == "" {
		require.NoError(t, postgres.Migrate(ctx, db, sets...))
		withConn(t, "look at schema "+k.schema, func(ctx context.Context, conn *pgx.Conn) (err error) {
			if asNew, err := isEmpty(ctx, conn, k.schema); err != nil || !asNew {
				return err
			}
			k.shape, err = shapeOf(ctx, conn, k.schema)
			return err
		})
	}
	return db
}

// putAway makes a schema ready for the next test, or drops it where that cannot be.
func putAway(ctx context.Context, conn *pgx.Conn, key string, k kept) error {
	if k.shape == "" {
		return dropSchema(ctx, conn, k.schema)
	}
	if err := empty(ctx, conn, k.schema); err != nil {
		return errors.Join(err, dropSchema(ctx, conn, k.schema))
	}
	shape, err := shapeOf(ctx, conn, k.schema)
	if err != nil || shape != k.shape {
		return errors.Join(err, dropSchema(ctx, conn, k.schema))
	}
	shelved.put(key, k)
	return nil
}

// unsynced makes commits return before they are on disk: no test here pulls the plug, and the disk is what they wait for.
func unsynced(databaseURL string) string {
	parsed, err := url.Parse(databaseURL)
	if err != nil || parsed.Host == "" {
		return databaseURL
	}
	query := parsed.Query()
	query.Set("synchronous_commit", "off")
	parsed.RawQuery = query.Encode()
	return parsed.String()
}

// Schema returns the name of a fresh schema for a test that starts binaries. Who opens it first makes it; it is dropped
// when the test ends.
func Schema(t testing.TB) string {
	t.Helper()
	id := uuid.New()
	schema := "test_" + id.String()[:8] + id.String()[9:13]
	t.Cleanup(func() {
		withConn(t, "drop schema "+schema, func(ctx context.Context, conn *pgx.Conn) error { return dropSchema(ctx, conn, schema) })
	})
	return schema
}

// withConn does something that a test does not see.
func withConn(t testing.TB, what string, do func(ctx context.Context, conn *pgx.Conn) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience) // the test's own context may have ended
	defer cancel()
	conn, err := pgx.Connect(ctx, unsynced(URL()))
	if err == nil {
		err = errors.Join(do(ctx, conn), conn.Close(ctx))
	}
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}
