package rig

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Vacuum leaves the tables of schemas that were filled at once as those are that have grown slowly: else PostgreSQL does
// it by itself, a minute later, behind whatever is measured then.
func (r *Rig) Vacuum(ctx context.Context, schemas ...string) error {
	rows, err := r.db.Query(ctx, `SELECT format('VACUUM ANALYZE %I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname = ANY ($1)`, schemas)
	if err != nil {
		return fmt.Errorf("list the tables: %w", err)
	}
	statements, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("list the tables: %w", err)
	}
	for _, statement := range statements {
		if _, err := r.db.Exec(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}
