package postgrestest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/postgres"
)

// Making a schema and dropping it costs the server up to half a second of CPU, nearly all of it for the ledger's
// partitions. So the tests of a process hand their schemas on: emptied, and only if they are made as they were at first.

// kept is a schema that no test uses. shape is what it was made of when it was new.
type kept struct{ schema, shape string }

// shelf keeps the schemas of this process, by the migrations that made them.
type shelf struct {
	mu   sync.Mutex
	owns *pgx.Conn // its session's lock tells other processes that the owner of the schemas lives
	id   string
	free map[string][]kept
}

var shelved = &shelf{free: map[string][]kept{}}

// schema names one that no test uses: an old one with its shape, or a new one, which has yet to be made.
func (s *shelf) schema(t testing.TB, key string) kept {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.owns == nil {
		s.begin(t)
	}
	if some := s.free[key]; len(some) > 0 {
		s.free[key] = some[:len(some)-1]
		return some[len(some)-1]
	}
	return kept{schema: "test_" + s.id + "_" + uuid.NewString()[:8]}
}

func (s *shelf) put(key string, k kept) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free[key] = append(s.free[key], k)
}

// begin takes the lock of this process, and drops what processes that are no more have left behind.
func (s *shelf) begin(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience) // the connection outlives the test
	defer cancel()
	conn, err := pgx.Connect(ctx, URL())
	require.NoError(t, err, "tests need PostgreSQL: run `make deps`, or set DATABASE_URL")
	s.owns, s.id = conn, uuid.NewString()[:8]
	require.NoError(t, lock(ctx, conn, s.id))
	require.NoError(t, dropOrphans(ctx, conn))
}

const lockSQL = `SELECT pg_advisory_lock(hashtextextended('datasync tests ' || $1, 0))`

func lock(ctx context.Context, conn *pgx.Conn, id string) error {
	_, err := conn.Exec(ctx, lockSQL, id)
	return err
}

// orphansSQL takes the locks of the owners that it finds dead: two processes do not drop the same schemas.
const orphansSQL = `
SELECT nspname FROM pg_namespace JOIN (
    SELECT owner FROM (SELECT DISTINCT split_part(nspname, '_', 2) AS owner FROM pg_namespace WHERE nspname ~ '^test_\w{8}_\w{8}$') AS owners
    WHERE pg_try_advisory_lock(hashtextextended('datasync tests ' || owner, 0)) OFFSET 0) AS dead
ON nspname LIKE 'test\_' || owner || '\_%' AND owner <> $1`

func dropOrphans(ctx context.Context, conn *pgx.Conn) error {
	rows, err := conn.Query(ctx, orphansSQL, shelved.id)
	if err != nil {
		return err
	}
	orphans, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, schema := range orphans {
		if err := dropSchema(ctx, conn, schema); err != nil {
			return err
		}
	}
	return nil
}

// keyOf tells sets of migrations apart by what they say. The ledger's partitions are made for the days to come.
func keyOf(t testing.TB, sets []postgres.Migrations) string {
	t.Helper()
	sum := sha256.New()
	fmt.Fprintln(sum, time.Now().UTC().Format(time.DateOnly))
	for _, set := range sets {
		fmt.Fprintln(sum, set.Name)
		require.NoError(t, fs.WalkDir(set.FS, ".", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := fs.ReadFile(set.FS, path)
			fmt.Fprintln(sum, path, len(content))
			sum.Write(content)
			return err
		}))
	}
	return hex.EncodeToString(sum.Sum(nil))
}
