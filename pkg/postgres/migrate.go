package postgres

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/pressly/goose/v3"
	"gorm.io/gorm"
)

// Migrations are goose SQL files at the root of FS. Name names the table goose_<Name> that holds their versions, so
// that several packages keep their tables in one schema.
type Migrations struct {
	Name string
	FS   fs.FS
}

// Embedded returns the migrations that a package embeds from its directory "migrations".
func Embedded(name string, files embed.FS) Migrations {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // only for a path that is not valid
	}
	return Migrations{Name: name, FS: sub}
}

// Migrate brings the schema of db up to date, set by set. Any number of replicas may call it at once: one works, the
// others wait for it. A database that goes away in the middle is waited for.
func Migrate(ctx context.Context, db *gorm.DB, sets ...Migrations) error {
	pool, err := db.DB()
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	for _, set := range sets {
		if err := Await(ctx, logOf(db), func() error { return up(ctx, pool, set) }); err != nil {
			return fmt.Errorf("migrate %s: %w", set.Name, err)
		}
	}
	return nil
}

// logOf is the log that db was opened with.
func logOf(db *gorm.DB) *slog.Logger {
	if quiet, ok := db.Logger.(quietLogger); ok {
		return quiet.log
	}
	return slog.New(slog.DiscardHandler)
}

func up(ctx context.Context, pool *sql.DB, set Migrations) error {
	provider, err := goose.NewProvider(goose.DialectPostgres, pool, set.FS,
		goose.WithTableName("goose_"+set.Name),
		goose.WithSessionLocker(sessionLock{}),
		goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(slog.New(slog.DiscardHandler)),
	)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

// sessionLock is goose's lock: an advisory lock of the schema, held by the connection that migrates and given back by
// the server when that connection dies.
type sessionLock struct{}

// lockKey is computed by the server, so that each schema of a database has its own.
const lockKey = `hashtextextended('datasync migrate ' || current_schema(), 0)`

// SessionLock waits until ctx ends. It asks again and again instead of waiting in the server: a waiting statement would
// hold up the CREATE INDEX CONCURRENTLY of the replica that has the lock.
func (sessionLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	for {
		var locked bool
		if err := conn.QueryRowContext(ctx, `SELECT pg_try_advisory_lock(`+lockKey+`)`).Scan(&locked); err != nil {
			return fmt.Errorf("lock the schema: %w", err)
		}
		if locked {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("another replica is migrating: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// SessionUnlock implements goose's lock.
func (sessionLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	var unlocked bool
	if err := conn.QueryRowContext(ctx, `SELECT pg_advisory_unlock(`+lockKey+`)`).Scan(&unlocked); err != nil {
		return fmt.Errorf("unlock the schema: %w", err)
	}
	if !unlocked {
		return errors.New("unlock the schema: the lock was not held")
	}
	return nil
}
