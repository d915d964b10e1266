// Package outbox brings messages from a service's database to the broker: a write and the messages about it are
// committed together, and a relay publishes what was committed, at least once.
package outbox

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/tracing"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations make the table that Append fills and a Relay empties.
var Migrations = postgres.Embedded("outbox", files)

// row is a message on its way into or out of the table. JSON carries the body as base64, so that it is safe for any
// bytes and all rows fit into one parameter.
type row struct {
	ID          int64      `json:"-"`
	Exchange    string     `json:"exchange"`
	Key         string     `json:"key"`
	MessageID   string     `json:"message_id"`
	Headers     string     `json:"-"`
	Body        []byte     `json:"body"`
	MessageTime *time.Time `json:"message_time"`
}

type newRow struct {
	row
	Headers map[string]string `json:"headers"`
}

// insertSQL has the same text for any number of rows: one prepared statement serves all.
const insertSQL = `
INSERT INTO outbox (exchange, key, message_id, headers, body, message_time)
SELECT m.exchange, m.key, m.message_id, coalesce(m.headers, '{}'), decode(m.body, 'base64'), m.message_time
FROM jsonb_to_recordset(?::jsonb)
    AS m (exchange text, key text, message_id text, headers jsonb, body text, message_time timestamptz)`

// Append adds msgs to the outbox with one statement inside the caller's transaction, whose context tx carries. They are
// published if and when that commits; call Relay.Wake then. A message that could never be published is an error here
// that wraps rabbitmq.ErrInvalid.
func Append(tx *gorm.DB, msgs ...rabbitmq.Message) error {
	statements, err := Statements(tx.Statement.Context, msgs...)
	if err != nil {
		return err
	}
	if err := postgres.Exec(tx, statements...); err != nil {
		return fmt.Errorf("append to the outbox: %w", err)
	}
	return nil
}

// Statements are what Append runs, none or one, for callers that let it travel with a statement of their own: see
// postgres.With. Messages continue the trace in ctx.
func Statements(ctx context.Context, msgs ...rabbitmq.Message) ([]postgres.Statement, error) {
	if len(msgs) == 0 {
		return nil, nil
	}
	parent := tracing.Parent(ctx)
	rows := make([]newRow, 0, len(msgs))
	for _, m := range msgs {
		if err := m.Validate(); err != nil {
			return nil, fmt.Errorf("append to the outbox: message %s: %w", m.ID, err)
		}
		r := newRow{
			row:     row{Exchange: m.Exchange, Key: m.Key, MessageID: m.ID, Body: m.Body},
			Headers: traced(m.Headers, parent),
		}
		if !m.Time.IsZero() {
			r.MessageTime = &m.Time
		}
		rows = append(rows, r)
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return nil, fmt.Errorf("append to the outbox: %w", err)
	}
	return []postgres.Statement{{SQL: insertSQL, Args: []any{string(encoded)}}}, nil
}

// traced adds the trace context to headers that have none.
func traced(headers map[string]string, parent string) map[string]string {
	if _, has := headers[tracing.Header]; has || parent == "" {
		return headers
	}
	all := map[string]string{tracing.Header: parent}
	maps.Copy(all, headers)
	return all
}

func (r row) message() (rabbitmq.Message, error) {
	m := rabbitmq.Message{Exchange: r.Exchange, Key: r.Key, ID: r.MessageID, Body: r.Body}
	if r.MessageTime != nil {
		m.Time = *r.MessageTime
	}
	if err := json.Unmarshal([]byte(r.Headers), &m.Headers); err != nil {
		return m, fmt.Errorf("headers of outbox row %d: %w", r.ID, err)
	}
	return m, nil
}

// Stats returns how long the oldest message has been waiting, by the database's clock; empty when none is. It is cheap
// however many there are.
func Stats(ctx context.Context, db *gorm.DB) (oldest time.Duration, empty bool, err error) {
	var seconds []float64
	err = db.WithContext(ctx).Raw(`
SELECT greatest(0, extract(epoch FROM clock_timestamp() - created_at)) FROM outbox ORDER BY id LIMIT 1`).Scan(&seconds).Error
	if err != nil {
		return 0, false, fmt.Errorf("look at the outbox: %w", err)
	}
	if len(seconds) == 0 {
		return 0, true, nil
	}
	return time.Duration(seconds[0] * float64(time.Second)), false, nil
}
