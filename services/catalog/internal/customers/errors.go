package customers

import (
	"errors"
	"fmt"
)

// Errors of the store. Every other one means that the database failed.
var (
	ErrNotFound   = errors.New("no such customer")
	ErrDeleted    = errors.New("the customer is deleted")
	ErrErased     = errors.New("the customer was erased")
	ErrCursor     = errors.New("not a cursor of this list")
	ErrNoConflict = errors.New("no such conflict")
	ErrNoSide     = errors.New("the conflict has no such side")
	ErrSettled    = errors.New("the conflict is settled already")
)

// VersionMismatch is the error of a write whose If-Match names another version than the present one.
type VersionMismatch struct{ Current int64 }

// Error implements error.
func (e *VersionMismatch) Error() string {
	return fmt.Sprintf("the customer is at version %d", e.Current)
}
