// Package connector is the SDK for connectors. A connector says in a Remote how to reach one external system; the
// engine does everything else: rows, leases, intents, shadow, pending, retries and parking. The protocol is explained
// in docs/sync-protocol.md.
package connector

import (
	"context"
	"time"

	"github.com/datasync-dev/datasync/pkg/record"
)

// Remote is one kind of record at one account of an external system. Methods are called from many workers at once,
// never for the same record at the same time. They block until the system answered or ctx ended (its deadline is the
// engine's call timeout), and must not retry: the engine does. Every error is an *Error, built where the system's own
// error is understood; any other error counts as transient and unanswered.
type Remote interface {
	// Create makes an object with these fields, marked with call's local id and version, under call's idempotency
	// key. A second call with the same Call and fields must return the first one's object.
	Create(ctx context.Context, call Call, fields record.Fields) (Object, error)
	// Update changes exactly the fields of the patch and the mark's version. It returns the whole object, which may
	// show edits by others.
	Update(ctx context.Context, call Call, id string, patch record.Patch) (Object, error)
	// Delete removes the object. An object that is already gone is no error.
	Delete(ctx context.Context, call Call, id string) error
	// Get returns the object as it is now, or ErrGone.
	Get(ctx context.Context, id string) (Object, error)
	// Find looks for the object that a Create with this call and these fields made, by its mark, using only reads that
	// are current. It returns ErrGone when there is none.
	Find(ctx context.Context, call Call, fields record.Fields) (Object, error)
	// List returns one page of objects; cursor is "" for the first page, and Page.Next for each further one.
	List(ctx context.Context, cursor string) (Page, error)
}

// Completer is for a Remote that wants other fields sent beside those that changed (Stripe wants shipping.name
// whenever shipping is touched).
type Completer interface {
	// Complete returns the patch with what has to travel with it, taken from want: the record as it will be.
	Complete(patch record.Patch, want record.Fields) record.Patch
}

// DeleteGuard is for a Remote that can tell when deleting an object would do harm; the policy DeleteRefuse asks it.
type DeleteGuard interface {
	// Deletable returns nil, or a permanent *Error that says what hangs on the object.
	Deletable(ctx context.Context, id string) error
}

// Call identifies one write to the remote. It is stored before the call is made and stays the same in every retry.
type Call struct {
	Key       string    // idempotency key
	LocalID   string    // the record's id in the catalog: the mark
	Version   int64     // the catalog version that the write brings: part of the mark
	CreatedAt time.Time // when the call was first intended
}

// Object is a record as the remote holds it. Marks are not among its fields.
type Object struct {
	ID      string
	Fields  record.Fields
	LocalID string // from the mark; "" when the object was not made by a connector of this name
	Version int64  // from the mark: the catalog version of our last write to it; 0 when unmarked
}

// Page is a part of a listing. Next is "" on the last page.
type Page struct {
	Objects []Object
	Next    string
}

// Notice is what a webhook or a feed says: an object may have moved. It is a trigger, not the truth; the engine reads
// the object before it believes anything.
type Notice struct {
	EventID  string        // the remote's id of the notification; a second one with the same id is a duplicate
	Type     string        // the remote's own type name, kept for people
	RemoteID string        // "" when the notification is about nothing we sync: it is recorded and ignored
	LocalID  string        // from the object's mark, if it has one
	Key      string        // idempotency key of the call that caused it, if the remote tells
	Fields   record.Fields // the object's content as told by the notification; nil when it tells none
	Before   record.Fields // its content before what the notification tells; nil when it does not tell
	// BeforeVersion is the version in its mark before that; 0 when it had none or the notification does not tell.
	BeforeVersion int64
	Gone          bool   // the notification says that the object was deleted
	Ignore        string // not "": why this notification must be recorded and not acted on

	trace string // traceparent of the request that brought it
}
