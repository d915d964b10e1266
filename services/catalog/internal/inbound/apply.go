package inbound

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/event"
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

// Apply applies one change in one transaction; nil means that it is committed, or that nothing had to be done. Applying
// a change again does no harm.
func (a *Applier) Apply(ctx context.Context, change event.Change) error {
	_, err := a.apply(ctx, change)
	return err
}

// errRaced: another transaction created the customer in between.
var errRaced = errors.New("the customer was created meanwhile")

func (a *Applier) apply(ctx context.Context, change event.Change) (Outcome, error) {
	var outcome Outcome
	err := a.transact(ctx, change, &outcome)
	if errors.Is(err, errRaced) {
		err = a.transact(ctx, change, &outcome) // now it is there to be locked
	}
	if err != nil {
		return Outcome{}, fmt.Errorf("apply change %d of %s to customer %s: %w", change.Seq, change.Remote, change.ID, err)
	}
	if outcome.Verb != "" {
		a.committed()
	}
	return outcome, nil
}

func (a *Applier) transact(ctx context.Context, change event.Change, outcome *Outcome) error {
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
		return store(tx, change, current == nil, outcome)
	})
}

func store(tx *gorm.DB, change event.Change, unknown bool, o *Outcome) error {
	switch {
	case o.Verb == "":
		return nil
	case unknown:
		inserted, err := customers.Insert(tx, &o.Next, o.Verb)
		if err != nil {
			return err
		}
		if !inserted {
			return errRaced
		}
	default:
		if err := customers.Update(tx, &o.Next, o.Verb); err != nil {
			return err
		}
	}
	if err := customers.AddConflicts(tx, o.Next.ID, change.Remote, o.Conflicts); err != nil {
		return err
	}
	return syncstate.Link(tx, o.Next.ID, change.Remote, change.RemoteID, change.Generation)
}
