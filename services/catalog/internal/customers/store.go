package customers

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migrations make the tables of customers, of their sync states and of their conflicts.
var Migrations = postgres.Embedded("customers", migrationFiles)

// row is a Customer in the table. Sync comes with it in the same query.
type row struct {
	ID         uuid.UUID
	Version    int64
	Generation int64
	DeletedAt  *time.Time
	ErasedAt   *time.Time
	Fields     []byte
	Clock      []byte
	Seen       []byte
	CreatedAt  time.Time
	UpdatedAt  time.Time
	Sync       []byte
}

// columns of a row of c (customers).
const columns = `c.id, c.version, c.generation, c.deleted_at, c.erased_at, c.fields, c.clock, c.seen, c.created_at, c.updated_at,
	(SELECT jsonb_agg(y) FROM customer_sync y WHERE y.customer_id = c.id) AS sync`

func (r row) customer() (Customer, error) {
	c := Customer{
		ID: r.ID, Version: r.Version, Generation: r.Generation, DeletedAt: r.DeletedAt, ErasedAt: r.ErasedAt,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
	for _, column := range []struct {
		from []byte
		into any
	}{{r.Fields, &c.Fields}, {r.Clock, &c.Clock}, {r.Seen, &c.Seen}, {r.Sync, &c.Sync}} {
		if len(column.from) == 0 {
			continue
		}
		if err := json.Unmarshal(column.from, column.into); err != nil {
			return Customer{}, fmt.Errorf("customer %s is unreadable: %w", r.ID, err)
		}
	}
	return c, nil
}

// Get returns a customer, or ErrNotFound. Tombstones are found too.
func Get(ctx context.Context, db *gorm.DB, id uuid.UUID) (Customer, error) {
	return one(db.WithContext(ctx), "SELECT "+columns+" FROM customers c WHERE c.id = ?", id)
}

// Lock returns a customer and holds its row until tx ends, or ErrNotFound. Whoever writes a customer locks it first:
// then its events enter the outbox in the order of its versions.
func Lock(tx *gorm.DB, id uuid.UUID) (Customer, error) {
	return one(tx, "SELECT "+columns+" FROM customers c WHERE c.id = ? FOR UPDATE OF c", id)
}

func one(db *gorm.DB, query string, id uuid.UUID) (Customer, error) {
	var r row
	result := db.Raw(query, id).Scan(&r)
	if result.Error != nil {
		return Customer{}, fmt.Errorf("read customer %s: %w", id, result.Error)
	}
	if result.RowsAffected == 0 {
		return Customer{}, ErrNotFound
	}
	return r.customer()
}

// Insert stores a new customer with its event, inside tx, and sets its times. False: the id was taken meanwhile, and
// nothing was stored.
func Insert(tx *gorm.DB, c *Customer, verb event.Verb) (bool, error) {
	fields, clock, seen, err := c.encode()
	if err != nil {
		return false, err
	}
	var times struct{ CreatedAt, UpdatedAt time.Time }
	result := tx.Raw(`
		INSERT INTO customers (id, version, generation, deleted_at, fields, clock, seen) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO NOTHING RETURNING created_at, updated_at`,
		c.ID, c.Version, c.Generation, c.DeletedAt, fields, clock, seen).Scan(&times)
	if result.Error != nil {
		return false, fmt.Errorf("insert customer %s: %w", c.ID, result.Error)
	}
	if result.RowsAffected == 0 {
		return false, nil
	}
	c.CreatedAt, c.UpdatedAt = times.CreatedAt, times.UpdatedAt
	return true, publish(tx, *c, verb)
}

// Update stores a changed customer, which tx must have locked, with its event, and sets its time.
func Update(tx *gorm.DB, c *Customer, verb event.Verb) error {
	fields, clock, seen, err := c.encode()
	if err != nil {
		return err
	}
	result := tx.Raw(`
		UPDATE customers SET version = ?, generation = ?, deleted_at = ?, erased_at = ?, fields = ?, clock = ?, seen = ?, updated_at = now()
		WHERE id = ? RETURNING updated_at`,
		c.Version, c.Generation, c.DeletedAt, c.ErasedAt, fields, clock, seen, c.ID).Scan(&c.UpdatedAt)
	if result.Error != nil {
		return fmt.Errorf("update customer %s: %w", c.ID, result.Error)
	}
	return publish(tx, *c, verb)
}

func (c Customer) encode() (fields, clock, seen string, err error) {
	var encoded [3]string
	for i, value := range []any{c.Fields, c.Clock, c.Seen} {
		text, err := json.Marshal(value)
		if err != nil {
			return "", "", "", fmt.Errorf("encode customer %s: %w", c.ID, err)
		}
		encoded[i] = string(text)
	}
	return encoded[0], encoded[1], encoded[2], nil
}

func publish(tx *gorm.DB, c Customer, verb event.Verb) error {
	envelope := event.NewSnapshot(verb, c.Snapshot())
	err := outbox.Append(tx, rabbitmq.Message{
		Exchange: event.EventsExchange, Key: envelope.Type, ID: envelope.ID, Body: envelope.JSON(), Time: envelope.Time,
	})
	if err != nil {
		return fmt.Errorf("announce customer %s: %w", c.ID, err)
	}
	return nil
}
