// Package imports makes customers of the rows of an uploaded file. A job works through it: it survives restarts, and a
// row never makes two customers, however often it is imported, because the customer's id follows from the row's key or
// from its content.
package imports

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migrations make the tables of uploaded files.
var Migrations = postgres.Embedded("imports", migrationFiles)

// Kind is the kind of the jobs that Handler does.
const Kind = "import"

// MaxBytes is the largest file that is taken.
const MaxBytes = 256 << 20

// ErrNotFound means that there is no such import, or not any more.
var ErrNotFound = errors.New("no such import")

// Format of a file.
type Format string

// The formats.
const (
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
)

// Import is an uploaded file.
type Import struct {
	ID        uuid.UUID
	JobID     *uuid.UUID // nil while it is being uploaded
	Format    Format
	Delimiter string
	Key       string
	Header    []string `gorm:"serializer:json"`
	Columns   []string `gorm:"serializer:json"`
	BodyAt    int64
	Bytes     int64
	Author    customers.Author `gorm:"serializer:json"`
	CreatedAt time.Time
}

// Get returns an import, or ErrNotFound.
func Get(ctx context.Context, db *gorm.DB, id uuid.UUID) (Import, error) {
	var found []Import
	if err := db.WithContext(ctx).Model(&Import{}).Where("id = ?", id).Find(&found).Error; err != nil {
		return Import{}, fmt.Errorf("read import %s: %w", id, err)
	}
	if len(found) == 0 || found[0].JobID == nil {
		return Import{}, ErrNotFound
	}
	return found[0], nil
}

// BadRow is a row that was not imported.
type BadRow struct {
	Line   int64
	Reason string
	Source string // CSV: a JSON list of its cells; NDJSON: the line
}

// Bad returns the rows of an import that were not imported, after a line, in their order.
func Bad(ctx context.Context, db *gorm.DB, id uuid.UUID, after int64, limit int) ([]BadRow, error) {
	var rows []BadRow
	err := db.WithContext(ctx).Raw(
		`SELECT line, reason, source FROM import_errors WHERE import_id = ? AND line > ? ORDER BY line LIMIT ?`, id, after, limit).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the bad rows of import %s: %w", id, err)
	}
	return rows, nil
}

func addBad(tx *gorm.DB, id uuid.UUID, rows []BadRow) error {
	if len(rows) == 0 {
		return nil
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode bad rows: %w", err)
	}
	err = tx.Exec(`
		INSERT INTO import_errors (import_id, line, reason, source)
		SELECT ?, r."Line", r."Reason", r."Source" FROM json_to_recordset(?::json) AS r ("Line" bigint, "Reason" text, "Source" text)
		ON CONFLICT DO NOTHING`, id, string(encoded)).Error
	if err != nil {
		return fmt.Errorf("store the bad rows of import %s: %w", id, err)
	}
	return nil
}

// Keep is how long a file and its bad rows are kept, so that they can be fetched and, after a failure, looked into.
const Keep = 7 * 24 * time.Hour

// Prune deletes what is older than Keep.
func Prune(ctx context.Context, db *gorm.DB, now time.Time) error {
	if err := db.WithContext(ctx).Exec(`DELETE FROM imports WHERE created_at < ?`, now.Add(-Keep)).Error; err != nil {
		return fmt.Errorf("delete old imports: %w", err)
	}
	return nil
}
