// Package postgrestest gives each test a schema of its own in a real PostgreSQL.
package postgrestest

import (
	"cmp"
	"context"
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

// Open returns a database with a fresh schema in which sets have been applied. The pool is closed and the schema is
// dropped when the test ends. Without a server the test fails.
func Open(t testing.TB, sets ...postgres.Migrations) *gorm.DB {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	schema := Schema(t)
	db, err := postgres.Open(ctx, postgres.Options{URL: unsynced(URL()), Schema: schema, MaxConns: maxConns})
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
	require.NoError(t, postgres.Migrate(ctx, db, sets...))
	return db
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
	t.Cleanup(func() { drop(t, schema) })
	return schema
}

func drop(t testing.TB, schema string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience) // the test's own context has ended
	defer cancel()
	conn, err := pgx.Connect(ctx, URL())
	if err != nil {
		t.Errorf("drop schema %s: %v", schema, err)
		return
	}
	if _, err := conn.Exec(ctx, `DROP SCHEMA IF EXISTS `+pgx.Identifier{schema}.Sanitize()+` CASCADE`); err != nil {
		t.Errorf("drop schema %s: %v", schema, err)
	}
	if err := conn.Close(ctx); err != nil {
		t.Errorf("drop schema %s: %v", schema, err)
	}
}
