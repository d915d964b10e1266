// Package inbound applies to the catalog what connectors report: changes at their remotes, and how far they have got.
package inbound

import (
	"time"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// Result is what became of a change.
type Result string

// The results.
const (
	ResultCreated   Result = "created"   // it made a customer that the catalog did not know
	ResultApplied   Result = "applied"   // it made a version, possibly with no field taken from it
	ResultDeleted   Result = "deleted"   // it made a tombstone
	ResultDuplicate Result = "duplicate" // it had been seen before
	ResultStale     Result = "stale"     // it is about an object that a restore left behind
	ResultTombstone Result = "tombstone" // the customer is deleted, which beats every change
)

// Outcome is what a change does to a customer.
type Outcome struct {
	Result    Result
	Next      customers.Customer // what to store; for duplicate and stale the customer as it was
	Verb      event.Verb         // the event to publish; "" for none
	Conflicts []record.Conflict
	Line      ledger.Change // of the ledger; set by Apply
}

// Receive decides what a change does to a customer, nil for one that the catalog does not know. It is pure; Apply
// stores the outcome.
func Receive(current *customers.Customer, change event.Change, policies Policies, at time.Time) Outcome {
	if current == nil {
		return first(change, policies, at)
	}
	c := *current
	switch {
	case change.Seq <= c.Seen[change.Remote]:
		return Outcome{Result: ResultDuplicate, Next: c}
	case change.Generation < c.Generation:
		return Outcome{Result: ResultStale, Next: c}
	case c.Deleted():
		// Its connectors have been told to delete, whatever they report meanwhile: nothing to acknowledge. The change does
		// not count as seen, because it comes again if the customer is restored and its object lives on.
		return Outcome{Result: ResultTombstone, Next: c}
	case change.Deleted:
		return Outcome{Result: ResultDeleted, Next: c.RemovedBy(change.Remote, change.Seq, at), Verb: event.Deleted}
	}
	next, conflicts := merge(c, change, policies)
	return Outcome{Result: ResultApplied, Next: next, Verb: event.Updated, Conflicts: conflicts}
}

// first makes the customer that the catalog did not know. A delete that arrives before its create leaves a tombstone,
// for the create to meet.
func first(change event.Change, policies Policies, at time.Time) Outcome {
	c := customers.New(uuid.MustParse(change.ID)) // decoding has checked it
	c.Generation = max(c.Generation, change.Generation)
	next, _ := merge(c, change, policies)
	if change.Deleted {
		next.DeletedAt = &at
		return Outcome{Result: ResultDeleted, Next: next, Verb: event.Deleted}
	}
	return Outcome{Result: ResultCreated, Next: next, Verb: event.Created}
}

func merge(c customers.Customer, change event.Change, policies Policies) (customers.Customer, []record.Conflict) {
	merge := record.Merge{
		Remote: change.Remote, Seen: c.Seen[change.Remote], Policy: policies.For, Held: c.Held.Places(change.Remote),
	}
	patch, conflicts := merge.Into(c.Fields, c.Clock, change.Fields)
	return c.Merged(change.Remote, change.Seq, patch, change.Fields, conflicts), conflicts
}
