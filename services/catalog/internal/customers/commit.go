package customers

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/record"
)

// Commit is one change of a customer with everything that is stored along with it, all in one round trip: the event that
// tells the connectors, the line of the ledger, and the conflicts.
type Commit struct {
	Before    Customer // as it was locked; the zero Customer for a new one
	After     Customer
	Verb      event.Verb
	Line      ledger.Change     // who changed it and how; what follows from the customer is filled in
	Remote    string            // that the change came from; "" for one of the catalog's own
	Conflicts []record.Conflict // that the change met
	Resolved  *Resolution       // of a conflict that waited, by a person
	Headers   map[string]string // of the event, beside the trace that the transaction is part of
	Bulk      bool              // one of many: live work comes first
	With      []postgres.Statement
}

// Resolution says how a person settled a conflict.
type Resolution struct {
	Conflict uuid.UUID
	Winner   string // whose value it got
	By       string
}

// Insert stores a new customer inside tx, and sets its times. False: the id was taken meanwhile, and the caller must
// roll back.
func (c *Commit) Insert(tx *gorm.DB) (bool, error) {
	fields, clock, seen, held, err := c.After.encode()
	if err != nil {
		return false, err
	}
	result, err := run(tx, postgres.Statement{SQL: `
		INSERT INTO customers (id, version, generation, deleted_at, fields, clock, seen, held) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO NOTHING RETURNING id, created_at, updated_at`, Args: []any{
		c.After.ID, c.After.Version, c.After.Generation, c.After.DeletedAt, fields, clock, seen, held,
	}}, c)
	if err != nil {
		return false, fmt.Errorf("insert customer %s: %w", c.After.ID, err)
	}
	return result.RowsAffected > 0, nil
}

// Update stores a changed customer, which tx must have locked, and sets its time.
func (c *Commit) Update(tx *gorm.DB) error {
	fields, clock, seen, held, err := c.After.encode()
	if err != nil {
		return err
	}
	_, err = run(tx, postgres.Statement{SQL: `
		UPDATE customers SET version = ?, generation = ?, deleted_at = ?, erased_at = ?, fields = ?, clock = ?, seen = ?, held = ?, updated_at = now()
		WHERE id = ? RETURNING id, created_at, updated_at`, Args: []any{
		c.After.Version, c.After.Generation, c.After.DeletedAt, c.After.ErasedAt, fields, clock, seen, held, c.After.ID,
	}}, c)
	if err != nil {
		return fmt.Errorf("update customer %s: %w", c.After.ID, err)
	}
	return nil
}

// InsertAll stores new customers, all of them or none, in a single statement, and sets their times. An error says
// nothing about which of them is to blame.
func InsertAll(db *gorm.DB, commits []*Commit) error {
	type row struct {
		ID         uuid.UUID       `json:"id"`
		Version    int64           `json:"version"`
		Generation int64           `json:"generation"`
		Fields     json.RawMessage `json:"fields"`
		Clock      json.RawMessage `json:"clock"`
		Seen       json.RawMessage `json:"seen"`
		Held       json.RawMessage `json:"held"`
	}
	rows := make([]row, len(commits))
	for i, c := range commits {
		fields, clock, seen, held, err := c.After.encode()
		if err != nil {
			return err
		}
		rows[i] = row{
			c.After.ID, c.After.Version, c.After.Generation,
			json.RawMessage(fields), json.RawMessage(clock), json.RawMessage(seen), json.RawMessage(held),
		}
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode new customers: %w", err)
	}
	_, err = run(db, postgres.Statement{SQL: `
		INSERT INTO customers (id, version, generation, fields, clock, seen, held)
		SELECT * FROM jsonb_to_recordset(?::jsonb)
			AS c (id uuid, version bigint, generation bigint, fields jsonb, clock jsonb, seen jsonb, held jsonb)
		RETURNING id, created_at, updated_at`, Args: []any{string(encoded)}}, commits...)
	if err != nil {
		return fmt.Errorf("insert %d customers: %w", len(commits), err)
	}
	return nil
}

// run executes main, which returns the times of each customer, together with all that belongs to the changes.
func run(tx *gorm.DB, main postgres.Statement, commits ...*Commit) (*gorm.DB, error) {
	var messages []rabbitmq.Message
	var entries ledger.Entries
	var others []postgres.Statement
	for _, c := range commits {
		snapshot := c.After.Snapshot()
		snapshot.Bulk = c.Bulk
		envelope := event.NewSnapshot(c.Verb, snapshot)
		messages = append(messages, rabbitmq.Message{
			Exchange: event.EventsExchange, Key: envelope.Type, ID: envelope.ID, Body: envelope.JSON(), Time: envelope.Time,
			Headers: c.Headers,
		})
		c.completeLine(envelope.ID)
		entries.Changes = append(entries.Changes, c.Line)
		conflicts, err := c.conflicts()
		if err != nil {
			return nil, err
		}
		others = append(append(others, conflicts...), c.With...)
	}
	outgoing, err := outbox.Statements(tx.Statement.Context, messages...)
	if err != nil {
		return nil, err
	}
	lines, err := entries.Statements()
	if err != nil {
		return nil, err
	}
	all := postgres.With(main, append(append(outgoing, lines...), others...)...)
	var stored []struct {
		ID                   uuid.UUID
		CreatedAt, UpdatedAt time.Time
	}
	result := tx.Raw(all.SQL, all.Args...).Scan(&stored)
	for _, s := range stored {
		i := slices.IndexFunc(commits, func(c *Commit) bool { return c.After.ID == s.ID })
		commits[i].After.CreatedAt, commits[i].After.UpdatedAt = s.CreatedAt, s.UpdatedAt
	}
	return result, result.Error
}

// completeLine fills in what the ledger's line says about the customer. A change of the catalog's own is found by the
// message that announces it, one from a remote by the message that brought it.
func (c *Commit) completeLine(message string) {
	l := &c.Line
	if l.ID == uuid.Nil {
		l.ID = uuid.Must(uuid.NewV7())
	}
	l.Kind, l.RecordID = event.KindCustomer, c.After.ID.String()
	l.Fields = Moved(c.Before.Fields, c.After.Fields)
	if l.Direction == admin.Local {
		l.Version, l.State, l.EventID = c.After.Version, admin.StateAccepted, message
	}
}

// Moved returns the fields in which two states of a customer differ.
func Moved(before, after record.Fields) []admin.FieldDiff {
	patch := record.Diff(before, after)
	moved := make([]admin.FieldDiff, 0, len(patch))
	for _, path := range patch.Paths() {
		moved = append(moved, admin.FieldDiff{Field: path, Before: before[path], After: after[path]})
	}
	return moved
}

func (c Customer) encode() (fields, clock, seen, held string, err error) {
	var encoded [4]string
	for i, value := range []any{c.Fields, c.Clock, c.Seen, c.Held} {
		text, err := json.Marshal(value)
		if err != nil {
			return "", "", "", "", fmt.Errorf("encode customer %s: %w", c.ID, err)
		}
		encoded[i] = string(text)
	}
	return encoded[0], encoded[1], encoded[2], encoded[3], nil
}
