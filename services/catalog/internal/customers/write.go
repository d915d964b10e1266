package customers

import (
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/record"
)

// The writes of the catalog's own API. All run inside the caller's transaction, and return the customer as it is
// afterwards. A write that changes nothing makes no version and no event.

// Guard checks a locked customer before it is written; nil allows every write.
type Guard func(c Customer) error

// Create stores a new customer. The error is *Invalid, or the database's.
func Create(tx *gorm.DB, e Edit) (Customer, error) {
	patch, err := e.Patch(record.Fields{})
	if err != nil {
		return Customer{}, err
	}
	c := New(uuid.Must(uuid.NewV7())).Edited(patch, now())
	_, err = Insert(tx, &c, event.Created)
	return c, err
}

// Patch applies a merge patch.
func Patch(tx *gorm.DB, id uuid.UUID, guard Guard, e Edit) (Customer, error) {
	return edit(tx, id, guard, e.Patch)
}

// Replace makes the customer exactly what the edit says.
func Replace(tx *gorm.DB, id uuid.UUID, guard Guard, e Edit) (Customer, error) {
	return edit(tx, id, guard, e.Replacement)
}

func edit(tx *gorm.DB, id uuid.UUID, guard Guard, diff func(record.Fields) (record.Patch, error)) (Customer, error) {
	c, err := lock(tx, id, guard)
	if err != nil {
		return c, err
	}
	switch {
	case c.Erased():
		return c, ErrErased
	case c.Deleted():
		return c, ErrDeleted
	}
	patch, err := diff(c.Fields)
	if err != nil || len(patch) == 0 {
		return c, err
	}
	c = c.Edited(patch, now())
	return c, Update(tx, &c, event.Updated)
}

// Delete makes the customer a tombstone. One that is a tombstone already stays as it is.
func Delete(tx *gorm.DB, id uuid.UUID, guard Guard) (Customer, error) {
	c, err := lock(tx, id, guard)
	if err != nil || c.Deleted() {
		return c, err
	}
	c = c.Removed(now())
	return c, Update(tx, &c, event.Deleted)
}

// Restore makes a tombstone a living customer again. One that lives stays as it is.
func Restore(tx *gorm.DB, id uuid.UUID, guard Guard) (Customer, error) {
	c, err := lock(tx, id, guard)
	if err != nil || !c.Deleted() {
		return c, err
	}
	if c.Erased() {
		return c, ErrErased
	}
	c = c.Restored()
	return c, Update(tx, &c, event.Created)
}

func lock(tx *gorm.DB, id uuid.UUID, guard Guard) (Customer, error) {
	c, err := Lock(tx, id)
	if err != nil {
		return Customer{}, err
	}
	if guard != nil {
		if err := guard(c); err != nil {
			return c, err
		}
	}
	return c, nil
}

// now is the time of a write as field clocks have it: in UTC and as fine as Postgres keeps it.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
