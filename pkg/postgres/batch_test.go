package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
)

type title string

func inserted(value any) postgres.Statement {
	return postgres.Statement{SQL: `INSERT INTO books (title) VALUES (?)`, Args: []any{value}}
}

func TestABatchTakesEffectAsAWhole(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, books(t))
	titles := func() (all []string) {
		require.NoError(t, db.Raw(`SELECT title FROM books ORDER BY title`).Scan(&all).Error)
		return all
	}
	text := "c"

	require.NoError(t, postgres.Batch(t.Context(), db, inserted("a"), inserted(title("b")), inserted(&text)))
	require.Equal(t, []string{"a", "b", "c"}, titles())

	err := postgres.Batch(t.Context(), db, inserted("d"), postgres.Statement{SQL: `SELECT 1 / (SELECT ?::integer)`, Args: []any{0}}, inserted("e"))
	require.Equal(t, "22012", postgres.Code(err), "%v", err)
	require.Equal(t, []string{"a", "b", "c"}, titles(), "none of it")

	require.NoError(t, postgres.Batch(t.Context(), db, inserted("d")), "the connection is as good as before")
	require.NoError(t, postgres.Batch(t.Context(), db))
}

func TestABatchThatIsNotAnsweredLeavesThePoolWell(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, books(t))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := postgres.Batch(ctx, db, postgres.Statement{SQL: `SELECT pg_sleep(?)`, Args: []any{10}})
	require.True(t, postgres.Unavailable(err), "%v", err)
	require.Empty(t, postgres.Code(err))
	require.NoError(t, postgres.Batch(t.Context(), db, inserted("a")))
}

func TestEveryConnectionThatIsLentComesBack(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, books(t))
	pool, err := db.DB()
	require.NoError(t, err)
	for name, use := range map[string]func(conn *pgx.Conn) error{
		"refused": func(conn *pgx.Conn) error {
			_, err := conn.Exec(t.Context(), `SELECT 1 / 0`)
			return err
		},
		"refused in a transaction": func(conn *pgx.Conn) error {
			_, err := conn.Exec(t.Context(), `BEGIN; SELECT 1 / 0`)
			return err
		},
		"a transaction left open": func(conn *pgx.Conn) error {
			_, err := conn.Exec(t.Context(), `BEGIN`)
			return err
		},
	} {
		require.Error(t, postgres.OnConn(t.Context(), db, use), name)
		require.Zero(t, pool.Stats().InUse, name)
	}
	require.NoError(t, postgres.Batch(t.Context(), db, inserted("a")))
}
