package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net/url"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
)

func TestUnavailableWhenTheConnectionIsKilled(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, books(t))
	killed := db.Transaction(func(tx *gorm.DB) error {
		var pid int
		if err := tx.Raw(`SELECT pg_backend_pid()`).Scan(&pid).Error; err != nil {
			return err
		}
		if err := db.Exec(`SELECT pg_terminate_backend(?, 5000)`, pid).Error; err != nil {
			return err
		}
		return tx.Exec(`INSERT INTO books (title) VALUES ('lost')`).Error
	})
	require.Error(t, killed)
	require.True(t, postgres.Unavailable(killed), "%v", killed)
	require.NoError(t, db.Exec(`INSERT INTO books (title) VALUES ('next')`).Error, "the pool recovers by itself")
}

func TestUnavailableWhenTheDeadlinePasses(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := db.WithContext(ctx).Exec(`SELECT pg_sleep(10)`).Error
	require.True(t, postgres.Unavailable(err), "%v", err)
}

func TestUnavailableWhenNobodyListens(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	for _, address := range []string{"postgres://u:p@127.0.0.1:1/db", "postgres://u:p@/db?host=/nowhere"} {
		_, err := postgres.Open(ctx, postgres.Options{URL: address})
		require.True(t, postgres.Unavailable(err), "%v", err)
	}
}

func TestNotUnavailable(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, books(t))
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, db.Exec(`INSERT INTO books (title) VALUES ('one')`).Error)
	_, password := postgres.Open(t.Context(), postgres.Options{URL: withUser(t, url.UserPassword("datasync", "wrong"))})
	tests := map[string]error{
		"no error":            nil,
		"a duplicate":         db.Exec(`INSERT INTO books (title) VALUES ('one')`).Error,
		"a missing table":     db.Exec(`SELECT FROM missing`).Error,
		"a caller that left":  db.WithContext(canceled).Exec(`SELECT 1`).Error,
		"a refused password":  password,
		"no such row":         gorm.ErrRecordNotFound,
		"something else":      errors.New("else"),
		"a finished exchange": sql.ErrTxDone,
	}
	require.ErrorIs(t, tests["a duplicate"], gorm.ErrDuplicatedKey)
	for name, err := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.False(t, postgres.Unavailable(err), "%v", err)
		})
	}
}

func TestUnavailableByCode(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		"57P01": true, "57P02": true, "57P03": true, "08006": true, "53300": true, "53100": true, "58030": true, "25006": true,
		"57014": false, "40001": false, "40P01": false, "28P01": false, "3D000": false, "23505": false, "22P02": false,
	}
	for code, want := range tests {
		require.Equal(t, want, postgres.Unavailable(&pgconn.PgError{Code: code}), code)
	}
	require.True(t, postgres.Unavailable(io.ErrUnexpectedEOF))
}

func TestATransactionThatItsContextEndedWasCutOff(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := db.WithContext(ctx).Transaction(func(tx *gorm.DB) (err error) {
		cancel()
		require.Eventually(t, func() bool {
			err = tx.WithContext(t.Context()).Exec(`SELECT 1`).Error
			return err != nil
		}, 10*time.Second, time.Millisecond)
		return err
	})
	require.ErrorIs(t, err, sql.ErrTxDone)
	require.True(t, postgres.CutOff(err))
	require.False(t, postgres.CutOff(errors.New("else")))
}
