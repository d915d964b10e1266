package postgres_test

import (
	"embed"
	"io/fs"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
)

//go:embed testdata/*.sql
var files embed.FS

func books(t *testing.T) postgres.Migrations {
	t.Helper()
	sub, err := fs.Sub(files, "testdata")
	require.NoError(t, err)
	return postgres.Migrations{Name: "books", FS: sub}
}

func TestMigrateTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, books(t))
	require.NoError(t, db.Exec(`INSERT INTO books (title) VALUES ('kept')`).Error)

	require.NoError(t, postgres.Migrate(t.Context(), db, books(t)))

	var title string
	require.NoError(t, db.Raw(`SELECT title FROM books`).Scan(&title).Error)
	require.Equal(t, "kept", title)
}

func TestReplicasOpenAndMigrateAtOnce(t *testing.T) {
	t.Parallel()
	schema := postgrestest.Schema(t)
	var replicas errgroup.Group
	for range 6 {
		replicas.Go(func() error {
			db, err := postgres.Open(t.Context(), postgres.Options{URL: postgrestest.URL(), Schema: schema, MaxConns: 1})
			if err != nil {
				return err
			}
			pool, err := db.DB()
			if err != nil {
				return err
			}
			defer func() { _ = pool.Close() }()
			return postgres.Migrate(t.Context(), db, books(t))
		})
	}
	require.NoError(t, replicas.Wait())
}

// Looking for the schema and making it are two steps: here another replica makes it in between.
func TestASchemaThatSomebodyMakesMeanwhileIsFine(t *testing.T) {
	t.Parallel()
	db, schema := postgrestest.Open(t), postgrestest.Schema(t)
	opened := make(chan error, 1)
	require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec(`CREATE SCHEMA ` + schema).Error; err != nil {
			return err
		}
		go func() {
			other, err := postgres.Open(t.Context(), postgres.Options{URL: postgrestest.URL(), Schema: schema})
			if err == nil {
				pool, _ := other.DB()
				err = pool.Close()
			}
			opened <- err
		}()
		require.Eventually(t, func() bool {
			var waiting int
			err := db.Raw(`SELECT count(*) FROM pg_stat_activity WHERE application_name = ? AND wait_event_type = 'Lock'`,
				"datasync "+schema).Scan(&waiting).Error
			return err == nil && waiting == 1
		}, 10*time.Second, 5*time.Millisecond)
		return nil
	}))
	require.NoError(t, <-opened)
}

func TestSeveralSetsShareASchema(t *testing.T) {
	t.Parallel()
	other := books(t)
	other.Name = "other"

	db := postgrestest.Open(t, books(t))
	err := postgres.Migrate(t.Context(), db, other)

	require.ErrorContains(t, err, "migrate other")
	require.ErrorContains(t, err, "already exists", "each set has its own versions, so that this one started from the beginning")
}

func TestTheLockIsGivenBack(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, books(t))

	var held int
	require.NoError(t, db.Raw(`SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid IN
		(SELECT pid FROM pg_stat_activity WHERE application_name = 'datasync ' || current_schema())`).Scan(&held).Error)
	require.Zero(t, held)
}
