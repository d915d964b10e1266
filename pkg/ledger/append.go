package ledger

import (
	"encoding/json"
	"fmt"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/postgres"
)

// The texts are the same for any number of rows: one prepared statement serves all.
const (
	insertChanges = `
INSERT INTO changes (id, at, direction, kind, record_id, remote_id, origin, op, version, state, skip, fields, event_id, request_id, trace_id, latency_ms)
SELECT * FROM json_to_recordset(?::json) AS c (id uuid, at timestamptz, direction text, kind text, record_id text, remote_id text,
    origin text, op text, version bigint, state text, skip text, fields json, event_id text, request_id text, trace_id text, latency_ms double precision)`

	insertAttempts = `
INSERT INTO attempts (id, change_id, record_id, number, op, worker, started_at, duration_ms, status, request_id, class, field, error)
SELECT * FROM json_to_recordset(?::json) AS a (id uuid, change_id uuid, record_id text, number integer, op text, worker text,
    started_at timestamptz, duration_ms double precision, status integer, request_id text, class text, field text, error text)`

	updateSettled = `
UPDATE changes AS c SET state = s.state, skip = s.skip, latency_ms = s.latency_ms,
    remote_id = CASE WHEN c.remote_id = '' THEN s.remote_id ELSE c.remote_id END
FROM json_to_recordset(?::json) AS s (id uuid, remote_id text, state text, skip text, latency_ms double precision) WHERE c.id = s.id`
)

// Append writes entries inside the caller's transaction, in one round trip; none cost nothing. Count them with a Meter
// when the transaction has been committed.
func Append(tx *gorm.DB, e Entries) error {
	statements, err := e.Statements()
	if err != nil {
		return err
	}
	if err := postgres.Exec(tx, statements...); err != nil {
		return fmt.Errorf("append to the ledger: %w", err)
	}
	return nil
}

// Statements are what Append runs, for callers that let them travel with a statement of their own: see postgres.With.
func (e Entries) Statements() ([]postgres.Statement, error) {
	var all []postgres.Statement
	for _, part := range []struct {
		sql  string
		rows []any
	}{
		{insertChanges, rowsOf(e.Changes, Change.row)},
		{insertAttempts, rowsOf(e.Attempts, Attempt.row)},
		{updateSettled, rowsOf(e.Settled, Settlement.row)},
	} {
		if len(part.rows) == 0 {
			continue
		}
		encoded, err := json.Marshal(part.rows)
		if err != nil {
			return nil, fmt.Errorf("append to the ledger: %w", err)
		}
		all = append(all, postgres.Statement{SQL: part.sql, Args: []any{string(encoded)}})
	}
	return all, nil
}

// Those is the statement that writes the changes for which a condition on their columns holds, to be part of another one.
func Those(changes []Change, condition string) (postgres.Statement, error) {
	statements, err := Entries{Changes: changes}.Statements()
	if err != nil || len(statements) == 0 {
		return postgres.Statement{}, err
	}
	s := statements[0]
	s.SQL += " WHERE " + condition
	return s, nil
}

func rowsOf[E any](entries []E, row func(E) any) []any {
	rows := make([]any, len(entries))
	for i, e := range entries {
		rows[i] = row(e)
	}
	return rows
}
