package customers

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/event"
)

// Filter says which customers to list. Zero values do not filter, but for tombstones: those have to be asked for.
type Filter struct {
	IDs            []uuid.UUID
	Email          string // case does not matter
	Query          string // beginning of the name or of the email address; case does not matter
	SyncState      event.SyncState
	SyncRemote     string // the remote that SyncState is about
	ObjectRemote   string // the remote that ObjectID is about
	ObjectID       string
	CreatedAfter   time.Time
	CreatedBefore  time.Time
	UpdatedAfter   time.Time
	UpdatedBefore  time.Time
	IncludeDeleted bool
}

// Page is a part of a list. Next is where it goes on, if there is more.
type Page[T any] struct {
	Items []T
	More  bool
	Next  Cursor
}

// List returns a page of customers, newest first.
func List(ctx context.Context, db *gorm.DB, f Filter, from Cursor, limit int) (Page[Customer], error) {
	query := f.apply(db.WithContext(ctx).Table("customers AS c").Select(columns))
	if f.SyncState == event.StatePending {
		among, err := candidates(ctx, db, f.SyncRemote)
		if err != nil {
			return Page[Customer]{}, err
		}
		query = among.apply(query, f.SyncRemote)
	}
	at, id := f.order()
	if from != (Cursor{}) {
		query = query.Where("("+at+", "+id+") < (?, ?)", from.at, from.id)
	}
	var rows []row
	if err := query.Order(at + " DESC, " + id + " DESC").Limit(limit + 1).Scan(&rows).Error; err != nil {
		return Page[Customer]{}, fmt.Errorf("list customers: %w", err)
	}
	page := Page[Customer]{More: len(rows) > limit, Items: make([]Customer, 0, limit)}
	for _, r := range rows[:min(limit, len(rows))] {
		c, err := r.customer()
		if err != nil {
			return Page[Customer]{}, err
		}
		page.Items = append(page.Items, c)
		page.Next = Cursor{at: c.CreatedAt, id: c.ID}
	}
	return page, nil
}

// order is what a list is ordered by. In a state that few customers are in, an index of that state has the same.
func (f Filter) order() (at, id string) {
	switch f.SyncState {
	case event.StateRetrying, event.StateFailed, event.StateDiscarded, event.StateDeleted, event.StateDetached:
		return "s.created_at", "s.customer_id"
	case "", event.StatePending, event.StateSynced, StateConflict:
	}
	return "c.created_at", "c.id"
}

func (f Filter) apply(query *gorm.DB) *gorm.DB {
	if !f.IncludeDeleted {
		query = query.Where("c.deleted_at IS NULL")
	}
	if len(f.IDs) > 0 {
		query = query.Where("c.id IN ?", f.IDs)
	}
	if f.Email != "" {
		query = query.Where("lower(c.fields ->> 'email') = lower(?)", f.Email)
	}
	if f.Query != "" {
		query = query.Where(
			"("+prefix("c.fields ->> 'name'")+" OR "+prefix("c.fields ->> 'email'")+")",
			f.Query, f.Query, f.Query, f.Query)
	}
	if f.SyncState != "" && f.SyncState != event.StatePending { // see candidates
		query = f.inState(query.Joins("JOIN customer_sync s ON s.customer_id = c.id AND s.remote = ?", f.SyncRemote).Where(current))
	}
	if f.ObjectID != "" {
		query = query.Joins("JOIN customer_sync o ON o.customer_id = c.id AND o.generation = c.generation"+
			" AND o.remote = ? AND o.remote_id = ?", f.ObjectRemote, f.ObjectID)
	}
	return f.applyTimes(query)
}

// inState narrows customers with a current report to those in the state.
func (f Filter) inState(query *gorm.DB) *gorm.DB {
	switch f.SyncState {
	case StateConflict: // the ids are implied, but these an index knows
		return query.Where(conflicted + " AND c.id IN (SELECT customer_id FROM conflicts WHERE settled_at IS NULL)")
	case event.StateSynced:
		return query.Where("s.state = 'synced' AND NOT " + conflicted)
	case event.StatePending, event.StateRetrying, event.StateFailed, event.StateDiscarded, event.StateDeleted, event.StateDetached:
	}
	return query.Where("s.state = ?", f.SyncState)
}

func (f Filter) applyTimes(query *gorm.DB) *gorm.DB {
	for _, bound := range []struct {
		condition string
		at        time.Time
	}{
		{"c.created_at > ?", f.CreatedAfter},
		{"c.created_at < ?", f.CreatedBefore},
		{"c.updated_at > ?", f.UpdatedAfter},
		{"c.updated_at < ?", f.UpdatedBefore},
	} {
		if !bound.at.IsZero() {
			query = query.Where(bound.condition, bound.at)
		}
	}
	return query
}

// prefix is the condition that a text begins with the parameter (given twice), in the form that the pattern indexes
// serve also for a prepared statement, which LIKE is not. U+10FFFF sorts after every character.
func prefix(text string) string {
	return fmt.Sprintf(`(lower(%[1]s) ~>=~ lower(?) AND lower(%[1]s) ~<~ (lower(?) || U&'\+10FFFF'))`, text)
}
