package customers

import (
	"context"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/record"
)

// Choice is what a person decides about a conflict.
type Choice struct {
	Value *string // nil: that of Side
	Side  string  // record.LocalWriter, or the remote's name
}

// value is what the choice comes to for a field with these values; false when the conflict has no such side.
func (c Choice) value(field, remote, ours, theirs string) (string, bool) {
	switch {
	case c.Value != nil:
		return canonical(field, *c.Value), true
	case c.Side == record.LocalWriter:
		return ours, true
	case c.Side == remote:
		return theirs, true
	}
	return "", false
}

// Resolve settles a conflict that waits for a person, inside tx: the field gets one value here, and by the event that
// follows at the remote. It is one of the two values, or another one that a client could write. The errors are
// ErrNoConflict, ErrSettled, ErrNoSide, *Invalid, or the database's.
func Resolve(ctx context.Context, tx *gorm.DB, by Author, id uuid.UUID, choice Choice) (Conflict, error) {
	conflict, err := GetConflict(ctx, tx, id)
	if err != nil {
		return conflict, err
	}
	c, err := Lock(tx, conflict.CustomerID)
	if err != nil {
		return conflict, err
	}
	held, waits := c.Held[conflict.Remote][conflict.Field]
	if !waits || held.Conflict != id {
		return conflict, ErrSettled
	}
	value, ok := choice.value(conflict.Field, conflict.Remote, c.Fields[conflict.Field], held.Value)
	if !ok {
		return conflict, ErrNoSide
	}
	winner := record.LocalWriter
	switch value {
	case c.Fields[conflict.Field]:
	case held.Value:
		winner = conflict.Remote // which may hold what no client could write
	default:
		if err := invalid(check(c.Fields, record.Patch{conflict.Field: value})); err != nil {
			return conflict, err
		}
	}
	commit := Commit{
		Before: c, After: c.Resolved(conflict.Remote, conflict.Field, value, now()), Verb: event.Updated,
		Line: by.line(opUpdate), Resolved: &Resolution{Conflict: id, Winner: winner, By: by.Name},
	}
	if err := commit.Update(tx); err != nil {
		return conflict, err
	}
	return GetConflict(ctx, tx, id)
}
