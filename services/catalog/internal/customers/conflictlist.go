package customers

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// ConflictFilter says which conflicts to list. Zero values do not filter.
type ConflictFilter struct {
	Customer uuid.UUID
	Open     bool // only those that wait for a person
}

// ListConflicts returns a page of conflicts, newest first.
func ListConflicts(ctx context.Context, db *gorm.DB, f ConflictFilter, from Cursor, limit int) (Page[Conflict], error) {
	query := db.WithContext(ctx).Model(&Conflict{})
	if f.Customer != uuid.Nil {
		query = query.Where("customer_id = ?", f.Customer)
	}
	if f.Open {
		query = query.Where("settled_at IS NULL")
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

// ConflictsOf returns the conflicts that these lines of the ledger met or settled.
func ConflictsOf(ctx context.Context, db *gorm.DB, changes []uuid.UUID) ([]Conflict, error) {
	var rows []Conflict
	if err := db.WithContext(ctx).Model(&Conflict{}).Where("change_id IN ?", changes).Order("id").Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the conflicts of changes: %w", err)
	}
	return rows, nil
}

// GetConflict returns one conflict, or ErrNoConflict.
func GetConflict(ctx context.Context, db *gorm.DB, id uuid.UUID) (Conflict, error) {
	var rows []Conflict
	if err := db.WithContext(ctx).Model(&Conflict{}).Where("id = ?", id).Find(&rows).Error; err != nil {
		return Conflict{}, fmt.Errorf("read conflict %s: %w", id, err)
	}
	if len(rows) == 0 {
		return Conflict{}, ErrNoConflict
	}
	return rows[0], nil
}

// CountConflicted counts the customers with a conflict that waits for a person and that are in sync else, up to a limit.
func CountConflicted(ctx context.Context, db *gorm.DB, limit int) (count int64, err error) {
	err = db.WithContext(ctx).Raw(`
		SELECT count(*) FROM (
			SELECT FROM customers c JOIN customer_sync s ON s.customer_id = c.id
			WHERE c.id IN (SELECT customer_id FROM conflicts WHERE settled_at IS NULL) AND `+current+` AND `+conflicted+`
			LIMIT ?) AS counted`, limit).Scan(&count).Error
	if err != nil {
		return 0, fmt.Errorf("count customers with open conflicts: %w", err)
	}
	return count, nil
}
