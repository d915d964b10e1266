package connector

import (
	"errors"
	"fmt"
	"time"
)

// ErrGone means that the remote has no such object (any more).
var ErrGone = errors.New("no such object at the remote")

// Class says what the engine does about a failed call.
type Class string

// The classes of failures.
const (
	Transient Class = "transient" // try again by itself, later and later
	Throttled Class = "throttled" // try again after Error.After
	Permanent Class = "permanent" // the remote refuses this record: park it until the record changes
	Operator  Class = "operator"  // nothing will work until a person acts (a revoked key): pause the connector
)

// Error is a failed call, classified once, by the Remote that made it.
type Error struct {
	Class     Class
	Field     string        // permanent: canonical path of the refused field, if the remote says
	Reason    string        // one sentence for a person: what happened and what to do. No personal data.
	After     time.Duration // throttled: how long the remote told us to wait; 0 if it did not
	Burnt     bool          // the remote answered and will replay this failure under the same key; the effect is unknown
	Status    int           // HTTP status, 0 without an answer
	RequestID string        // the remote's id of the request, for its support
	Err       error
}

// Error implements error.
func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("%s: %s", e.Class, e.Reason)
	}
	return fmt.Sprintf("%s: %s: %v", e.Class, e.Reason, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// classify returns err as an *Error. What no Remote classified is transient: nothing is known, so the same call is
// made again under the same key.
func classify(err error) *Error {
	if classified, ok := errors.AsType[*Error](err); ok {
		return classified
	}
	return &Error{Class: Transient, Reason: "the remote did not answer", Err: err}
}
