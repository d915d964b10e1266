package customers

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/postgres"
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
	Held       []byte
	CreatedAt  time.Time
	UpdatedAt  time.Time
	Sync       []byte
}

// columns of a row of c (customers).
const columns = `c.id, c.version, c.generation, c.deleted_at, c.erased_at, c.fields, c.clock, c.seen, c.held, c.created_at, c.updated_at,
	(SELECT jsonb_agg(y) FROM customer_sync y WHERE y.customer_id = c.id) AS sync`

func (r row) customer() (Customer, error) {
	c := Customer{
		ID: r.ID, Version: r.Version, Generation: r.Generation, DeletedAt: r.DeletedAt, ErasedAt: r.ErasedAt,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
	for _, column := range []struct {
		from []byte
		into any
	}{{r.Fields, &c.Fields}, {r.Clock, &c.Clock}, {r.Seen, &c.Seen}, {r.Held, &c.Held}, {r.Sync, &c.Sync}} {
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
