package inbound

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
	"github.com/datasync-dev/datasync/services/catalog/internal/syncstate"
)

// Applier applies changes to the customers in a database. It is safe for concurrent use.
type Applier struct {
	db        *gorm.DB
	policies  Policies
	committed func()
}

// NewApplier returns an applier. committed is called after each commit that put something in the outbox; it must not
// block.
func NewApplier(db *gorm.DB, policies Policies, committed func()) *Applier {
	return &Applier{db: db, policies: policies, committed: committed}
}

// Message is the one that brought a change, for the ledger.
type Message struct {
	ID      string
	TraceID string
}

// Apply applies one change in one transaction; nil means that it is committed, or that nothing had to be done. Applying
// a change again does no harm.
func (a *Applier) Apply(ctx context.Context, change event.Change, from Message) error {
	_, err := a.apply(ctx, change, from)
	return err
}

// errRaced: another transaction created the customer in between.
var errRaced = errors.New("the customer was created meanwhile")

func (a *Applier) apply(ctx context.Context, change event.Change, from Message) (Outcome, error) {
	var outcome Outcome
	err := a.transact(ctx, change, from, &outcome)
	if errors.Is(err, errRaced) {
		err = a.transact(ctx, change, from, &outcome) // now it is there to be locked
	}
	if err != nil {
		return Outcome{}, fmt.Errorf("apply change %d of %s to customer %s: %w", change.Seq, change.Remote, change.ID, err)
	}
	if outcome.Verb != "" {
		a.committed()
	}
	return outcome, nil
}

func (a *Applier) transact(ctx context.Context, change event.Change, from Message, outcome *Outcome) error {
	return a.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		var current *customers.Customer
		known, err := customers.Lock(tx, uuid.MustParse(change.ID)) // decoding has checked it
		switch {
		case err == nil:
			current = &known
		case !errors.Is(err, customers.ErrNotFound):
			return err
		}
		*outcome = Receive(current, change, a.policies, time.Now().UTC().Truncate(time.Microsecond))
		return store(tx, change, from, known, outcome)
	})
}

// store commits an outcome. before is the zero Customer when the catalog did not know it.
func store(tx *gorm.DB, change event.Change, from Message, before customers.Customer, o *Outcome) error {
	o.Line = o.line(change, from, before)
	if o.Verb == "" {
		return ledger.Append(tx, ledger.Entries{Changes: []ledger.Change{o.Line}})
	}
	commit := customers.Commit{
		Before: before, After: o.Next, Verb: o.Verb, Line: o.Line, Remote: change.Remote, Conflicts: o.Conflicts,
		With: syncstate.Link(o.Next.ID, change.Remote, change.RemoteID, change.Generation),
	}
	if before.Version > 0 {
		err := commit.Update(tx)
		o.Next = commit.After
		return err
	}
	inserted, err := commit.Insert(tx)
	if err == nil && !inserted {
		err = errRaced
	}
	o.Next = commit.After
	return err
}

// line is what the ledger says of the change, but for what follows from the customer.
func (o *Outcome) line(change event.Change, from Message, before customers.Customer) ledger.Change {
	line := ledger.Change{
		Direction: admin.Inbound, Kind: change.Kind, RecordID: change.ID, RemoteID: change.RemoteID, Origin: change.Remote,
		Op: "update", Version: change.Seq, State: admin.StateApplied, EventID: from.ID, TraceID: from.TraceID,
	}
	switch {
	case o.Result == ResultCreated:
		line.Op = "create"
	case change.Deleted:
		line.Op = "delete"
	}
	switch o.Result {
	case ResultDuplicate, ResultStale, ResultTombstone:
		line.State, line.Skip = admin.StateSkipped, string(o.Result)
	case ResultApplied:
		if len(o.Conflicts) == 0 && before.Fields.Equal(o.Next.Fields) {
			line.State, line.Skip = admin.StateSkipped, "the catalog had these values"
		}
	case ResultCreated, ResultDeleted:
	}
	return line
}
