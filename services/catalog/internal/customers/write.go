package customers

import (
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/record"
)

// The writes of the catalog's own API. All run inside the caller's transaction, and return the customer as it is
// afterwards. A write that changes nothing makes no version, no event and no line in the ledger.

// Author is who writes, for the ledger.
type Author struct {
	Name      string // of the API key
	RequestID string
	TraceID   string
}

func (a Author) line(op string) ledger.Change {
	return ledger.Change{Direction: admin.Local, Origin: a.Name, Op: op, RequestID: a.RequestID, TraceID: a.TraceID}
}

// The operations in the ledger.
const (
	opCreate  = "create"
	opUpdate  = "update"
	opDelete  = "delete"
	opRestore = "restore"
	opErase   = "erase"
)

// Guard checks a locked customer before it is written; nil allows every write.
type Guard func(c Customer) error

// errTaken: a fresh UUID was not unique. It is nobody's fault, and the same request succeeds the next time.
var errTaken = errors.New("the new customer's id is taken")

// Create stores a new customer. The error is *Invalid, or the database's.
func Create(tx *gorm.DB, by Author, e Edit) (Customer, error) {
	return CreateAs(tx, by, uuid.Must(uuid.NewV7()), e)
}

// CreateAs is Create with an id that the caller chose.
func CreateAs(tx *gorm.DB, by Author, id uuid.UUID, e Edit) (Customer, error) {
	commit, err := NewCommit(by, id, e)
	if err != nil {
		return Customer{}, err
	}
	inserted, err := commit.Insert(tx)
	if err == nil && !inserted {
		err = errTaken
	}
	return commit.After, err
}

// NewCommit is the commit of Create, for InsertAll.
func NewCommit(by Author, id uuid.UUID, e Edit) (*Commit, error) {
	patch, err := e.Patch(record.Fields{})
	if err != nil {
		return nil, err
	}
	return &Commit{After: New(id).Edited(patch, now()), Verb: event.Created, Line: by.line(opCreate)}, nil
}

// Patch applies a merge patch.
func Patch(tx *gorm.DB, by Author, id uuid.UUID, guard Guard, e Edit) (Customer, error) {
	return edit(tx, by, id, guard, e.Patch)
}

// Replace makes the customer exactly what the edit says.
func Replace(tx *gorm.DB, by Author, id uuid.UUID, guard Guard, e Edit) (Customer, error) {
	return edit(tx, by, id, guard, e.Replacement)
}

func edit(tx *gorm.DB, by Author, id uuid.UUID, guard Guard, diff func(record.Fields) (record.Patch, error)) (Customer, error) {
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
	return update(tx, Commit{Before: c, After: c.Edited(patch, now()), Verb: event.Updated, Line: by.line(opUpdate)})
}

// Delete makes the customer a tombstone. One that is a tombstone already stays as it is.
func Delete(tx *gorm.DB, by Author, id uuid.UUID, guard Guard) (Customer, error) {
	c, err := lock(tx, id, guard)
	if err != nil || c.Deleted() {
		return c, err
	}
	return update(tx, Commit{Before: c, After: c.Removed(now()), Verb: event.Deleted, Line: by.line(opDelete)})
}

// Restore makes a tombstone a living customer again. One that lives stays as it is.
func Restore(tx *gorm.DB, by Author, id uuid.UUID, guard Guard) (Customer, error) {
	c, err := lock(tx, id, guard)
	if err != nil || !c.Deleted() {
		return c, err
	}
	if c.Erased() {
		return c, ErrErased
	}
	return update(tx, Commit{Before: c, After: c.Restored(), Verb: event.Created, Line: by.line(opRestore)})
}

func update(tx *gorm.DB, c Commit) (Customer, error) {
	err := c.Update(tx)
	return c.After, err
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
