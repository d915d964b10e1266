package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"

	"github.com/pressly/goose/v3"
	"gorm.io/gorm"
)

// MigrationState is how far a set of migrations is in a database.
type MigrationState struct {
	Version int64 // of the newest that was applied; 0 for none
	Newest  int64 // in the set
	Pending int   // of the set, not applied
}

// State looks how far a set is. It changes nothing.
func State(ctx context.Context, db *gorm.DB, set Migrations) (MigrationState, error) {
	var s MigrationState
	pool, err := db.DB()
	if err != nil {
		return s, fmt.Errorf("state of migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, pool, set.FS, goose.WithTableName("goose_"+set.Name),
		goose.WithDisableGlobalRegistry(true), goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return s, fmt.Errorf("state of migrations %s: %w", set.Name, err)
	}
	applied, err := applied(ctx, pool, "goose_"+set.Name)
	if err != nil {
		return s, fmt.Errorf("state of migrations %s: %w", set.Name, err)
	}
	for _, source := range provider.ListSources() {
		s.Newest = max(s.Newest, source.Version)
		if !applied[source.Version] {
			s.Pending++
		}
	}
	for version := range applied {
		s.Version = max(s.Version, version)
	}
	return s, nil
}

// applied returns the versions in goose's table; none when the table is not there.
func applied(ctx context.Context, pool *sql.DB, table string) (map[int64]bool, error) {
	var exists bool
	if err := pool.QueryRowContext(ctx, `SELECT to_regclass($1) IS NOT NULL`, table).Scan(&exists); err != nil || !exists {
		return nil, err
	}
	rows, err := pool.QueryContext(ctx, `SELECT version_id FROM `+table+` WHERE is_applied`) //nolint:gosec // the name is a constant of this program
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	versions := map[int64]bool{}
	for rows.Next() {
		var version int64
		if err := rows.Scan(&version); err != nil {
			return nil, err
		}
		versions[version] = true
	}
	return versions, rows.Err()
}
