package main

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/datasync-dev/datasync/e2e/bench/internal/rig"
)

var (
	//go:embed ledger.sql
	ledgerSQL string
	//go:embed catalog.sql
	catalogSQL string
	//go:embed connector.sql
	connectorSQL string
)

// What was filled in.
const (
	record = "0199c2a4-0000-7000-8000-000000000007" // a customer with few changes
	hot    = "0199c2a4-0000-7000-8000-000000000001" // the one with a tenth of all changes
	run1   = "ffffffff-0000-7000-8000-000000000000" // a dry run with differences
)

// fill makes by SQL what years of work leave behind: customers and their links, some of which failed, conflicts, jobs,
// dead letters, the audit, and the ledgers of both services, which tell of the same changes in the last 29 days.
func fill(ctx context.Context, r *rig.Rig, d *rig.DataSync, changes int) error {
	if err := script(ctx, r, "catalog", d.CatalogSchema, changes, catalogSQL+ledgerSQL); err != nil {
		return err
	}
	if err := script(ctx, r, "stripe", d.ConnectorSchema, changes, connectorSQL+ledgerSQL); err != nil {
		return err
	}
	return r.Vacuum(ctx, d.CatalogSchema, d.ConnectorSchema)
}

func script(ctx context.Context, r *rig.Rig, service, schema string, changes int, sql string) error {
	tx, err := r.DB().Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	_, err = tx.Exec(ctx, `SELECT set_config('search_path', $1, true), set_config('bench.service', $2, true), set_config('bench.changes', $3, true)`,
		pgx.Identifier{schema}.Sanitize(), service, strconv.Itoa(changes))
	if err != nil {
		return err
	}
	if _, err := tx.Conn().PgConn().Exec(ctx, sql).ReadAll(); err != nil {
		return fmt.Errorf("fill the %s: %w", service, err)
	}
	return tx.Commit(ctx)
}
