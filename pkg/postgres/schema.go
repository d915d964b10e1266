package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var schemaName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

func checkSchema(schema string) error {
	if !schemaName.MatchString(schema) {
		return fmt.Errorf("schema %q is not a valid name: use up to 63 of a-z, 0-9 and _, not starting with a digit", schema)
	}
	return nil
}

func quote(identifier string) string { return pgx.Identifier{identifier}.Sanitize() }

// ensureSchema makes the schema if it is missing. It looks first: making needs a right that looking does not, and an
// operator may have made the schema for us.
func ensureSchema(ctx context.Context, pool *sql.DB, schema string) error {
	if schema == "" {
		return nil
	}
	var exists bool
	err := pool.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)`, schema).Scan(&exists)
	if err != nil {
		return fmt.Errorf("look for schema %s: %w", schema, err)
	}
	if exists {
		return nil
	}
	if _, err := pool.ExecContext(ctx, `CREATE SCHEMA IF NOT EXISTS `+quote(schema)); err != nil && !madeMeanwhile(err) {
		return fmt.Errorf("make schema %s: %w", schema, err)
	}
	return nil
}

// madeMeanwhile reports whether another replica was quicker: IF NOT EXISTS looks and makes in two steps.
func madeMeanwhile(err error) bool {
	const duplicateSchema, uniqueViolation = "42P06", "23505"
	refused, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (refused.Code == duplicateSchema || refused.Code == uniqueViolation)
}
