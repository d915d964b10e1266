package customers

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/record"
)

// Erased reports whether the customer's personal data was removed for good.
func (c Customer) Erased() bool { return c.ErasedAt != nil }

// Emptied returns the customer as a tombstone without personal data. Even the names of its fields go: keys of metadata
// may be personal too.
func (c Customer) Emptied(at time.Time) Customer {
	n := c.next()
	if n.DeletedAt == nil {
		n.DeletedAt = &at
	}
	n.ErasedAt = &at
	n.Fields, n.Clock, n.Held = record.Fields{}, map[string]record.Clock{}, HeldFields{}
	return n
}

// Erase makes the customer a tombstone without personal data, which nothing brings back, and tells the connectors. One
// that was erased already stays as it is.
func Erase(tx *gorm.DB, by Author, id uuid.UUID, guard Guard) (Customer, error) {
	c, err := lock(tx, id, guard)
	if err != nil {
		return c, err
	}
	if !c.Erased() {
		before := c
		before.Fields = nil // the ledger is not to keep what is erased
		c, err = update(tx, Commit{Before: before, After: c.Emptied(now()), Verb: event.Erased, Line: by.line(opErase)})
		if err != nil {
			return c, err
		}
	}
	if err := tx.Exec(`DELETE FROM conflicts WHERE customer_id = ?`, id).Error; err != nil {
		return c, fmt.Errorf("erase the conflicts of customer %s: %w", id, err)
	}
	return c, nil
}
