package customers

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/record"
)

// Conflict is a field that was changed on both sides, and how that was settled.
type Conflict struct {
	ID             uuid.UUID
	CustomerID     uuid.UUID
	Remote         string
	Field          string // canonical path
	CatalogValue   string // "" means that the field was cleared
	RemoteValue    string
	CatalogVersion int64
	CatalogBy      string
	CatalogAt      time.Time
	RemoteAt       time.Time
	Policy         record.Policy
	Winner         string
	CreatedAt      time.Time
}

// AddConflicts stores the conflicts that a remote's change met, inside tx.
func AddConflicts(tx *gorm.DB, customer uuid.UUID, remote string, conflicts []record.Conflict) error {
	if len(conflicts) == 0 {
		return nil
	}
	rows := make([]Conflict, len(conflicts))
	for i, c := range conflicts {
		rows[i] = Conflict{
			ID: uuid.Must(uuid.NewV7()), CustomerID: customer, Remote: remote, Field: c.Field,
			CatalogValue: c.CatalogValue, RemoteValue: c.RemoteValue,
			CatalogVersion: c.CatalogVersion, CatalogBy: c.CatalogBy, CatalogAt: c.CatalogAt, RemoteAt: c.RemoteAt,
			Policy: c.Policy, Winner: c.Winner,
		}
	}
	if err := tx.Create(&rows).Error; err != nil {
		return fmt.Errorf("record conflicts of customer %s: %w", customer, err)
	}
	return nil
}

// ListConflicts returns a page of conflicts, newest first: of one customer, or with uuid.Nil of all.
func ListConflicts(ctx context.Context, db *gorm.DB, customer uuid.UUID, from Cursor, limit int) (Page[Conflict], error) {
	query := db.WithContext(ctx).Model(&Conflict{})
	if customer != uuid.Nil {
		query = query.Where("customer_id = ?", customer)
	}
	if from != (Cursor{}) {
		query = query.Where("id < ?", from.id)
	}
	var rows []Conflict
	if err := query.Order("id DESC").Limit(limit + 1).Find(&rows).Error; err != nil {
		return Page[Conflict]{}, fmt.Errorf("list conflicts: %w", err)
	}
	page := Page[Conflict]{Items: rows, More: len(rows) > limit}
	if page.More {
		page.Items = rows[:limit]
		last := page.Items[limit-1]
		page.Next = Cursor{at: last.CreatedAt, id: last.ID}
	}
	return page, nil
}
