package postgrestest

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
)

// shapeSQL sums up what a schema is made of: tables and indexes, columns, constraints, functions and triggers.
const shapeSQL = `
WITH rel AS (SELECT oid, relname, relkind, reloptions FROM pg_class WHERE relnamespace = $1::regnamespace)
SELECT md5(concat(
    (SELECT string_agg(concat_ws(' ', relname, relkind, reloptions), ',' ORDER BY relname) FROM rel),
    (SELECT string_agg(concat_ws(' ', relname, attname, atttypid, attnotnull, attnum), ',' ORDER BY relname, attnum)
        FROM pg_attribute JOIN rel ON attrelid = rel.oid WHERE attnum > 0),
    (SELECT string_agg(concat_ws(' ', conrelid, conname), ',' ORDER BY oid) FROM pg_constraint WHERE connamespace = $1::regnamespace),
    (SELECT string_agg(md5(prosrc), ',' ORDER BY oid) FROM pg_proc WHERE pronamespace = $1::regnamespace),
    (SELECT string_agg(concat_ws(' ', tgname, tgenabled), ',' ORDER BY t.oid) FROM pg_trigger t JOIN rel ON tgrelid = rel.oid)))`

func shapeOf(ctx context.Context, conn *pgx.Conn, schema string) (shape string, err error) {
	err = conn.QueryRow(ctx, shapeSQL, schema).Scan(&shape)
	return shape, err
}

// contentsSQL lists what a test may have filled: tables, those that refer to others before these, and sequences.
const contentsSQL = `
SELECT format('%I.%I', $1::text, relname), relkind = 'S' FROM pg_class
WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p', 'S') AND NOT relispartition AND relname NOT LIKE 'goose\_%'
ORDER BY oid DESC`

type content struct {
	Name     string
	Sequence bool
}

func contents(ctx context.Context, conn *pgx.Conn, schema string) ([]content, error) {
	rows, err := conn.Query(ctx, contentsSQL, schema)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[content])
}

// isEmpty reports whether the migrations alone have filled no table: then a schema that is emptied is as good as new.
func isEmpty(ctx context.Context, conn *pgx.Conn, schema string) (bool, error) {
	all, err := contents(ctx, conn, schema)
	if err != nil {
		return false, err
	}
	conditions := []string{"false"}
	for _, c := range all {
		if !c.Sequence {
			conditions = append(conditions, "EXISTS (SELECT FROM "+c.Name+")")
		}
	}
	var filled bool
	err = conn.QueryRow(ctx, "SELECT "+strings.Join(conditions, " OR ")).Scan(&filled)
	return !filled, err
}

// empty ends what still runs in a schema and deletes every row.
func empty(ctx context.Context, conn *pgx.Conn, schema string) error {
	_, err := conn.Exec(ctx, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = $1`, "datasync "+schema)
	if err != nil {
		return err
	}
	all, err := contents(ctx, conn, schema)
	if err != nil {
		return err
	}
	batch := &pgx.Batch{}
	for _, c := range all {
		if c.Sequence {
			batch.Queue("ALTER SEQUENCE " + c.Name + " RESTART")
		} else {
			batch.Queue("DELETE FROM " + c.Name)
		}
	}
	return conn.SendBatch(ctx, batch).Close()
}

func dropSchema(ctx context.Context, conn *pgx.Conn, schema string) error {
	_, err := conn.Exec(ctx, `DROP SCHEMA IF EXISTS `+pgx.Identifier{schema}.Sanitize()+` CASCADE`)
	return err
}
