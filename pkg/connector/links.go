package connector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/event"
)

// ErrBadFilter is wrapped by the error of Links when a filter or a cursor cannot be.
var ErrBadFilter = errors.New("cannot be listed so")

// shown is the state that operators see: a record that was in sync and waits to be looked at again is pending.
func (r *link) shown() event.SyncState {
	if r.State == event.StateSynced && r.DueAt != nil {
		return event.StatePending
	}
	return r.State
}

func (r *link) admin() admin.Link {
	l := admin.Link{
		RecordID: r.LocalID, Kind: r.Kind, RemoteID: r.RemoteID, State: string(r.shown()), Version: r.Version,
		DesiredVersion: r.DesiredVersion, Attempts: r.Attempts, Paused: r.Paused, UpdatedAt: r.UpdatedAt.UTC(),
	}
	if r.DueAt != nil {
		l.DueAt = r.DueAt.UTC()
	}
	if e := r.Error; e != nil {
		l.Error = &admin.Failure{Class: e.Class, Field: e.Field, Reason: e.Reason, Attempt: e.Attempt, Version: e.Version}
	}
	if d := r.Discarded; d != nil && r.State == event.StateDiscarded {
		l.Discarded = &admin.Discarded{Reason: d.Reason, By: d.By, At: d.At}
	}
	return l
}

// statePaused is what operators filter by; a paused record also has a state.
const statePaused = "paused"

// stateFilter turns a state that operators see into a condition that an index answers.
func stateFilter(state string) (string, error) {
	switch event.SyncState(state) {
	case "":
		return "", nil
	case event.StatePending:
		return ` AND (state = 'pending' OR state = 'synced' AND due_at IS NOT NULL)`, nil
	case event.StateSynced:
		return ` AND state = 'synced' AND due_at IS NULL`, nil
	case event.StateRetrying, event.StateFailed, event.StateDiscarded, event.StateDeleted, event.StateDetached:
		return ` AND state = '` + state + `'`, nil
	case statePaused:
		return ` AND paused`, nil
	}
	return "", fmt.Errorf("%w: there is no state %q", ErrBadFilter, state)
}

// Links returns a page of records in the order of their ids.
func (e *Engine) Links(ctx context.Context, f admin.LinkFilter) (admin.List[admin.Link], error) {
	page := admin.List[admin.Link]{Object: "list", Data: []admin.Link{}}
	where, err := stateFilter(f.State)
	if err != nil {
		return page, err
	}
	args := []any{e.o.Kind}
	for _, filter := range []struct{ condition, value string }{
		{` AND remote_id = ?`, f.RemoteID},
		{` AND fingerprint IS NOT NULL AND error->>'class' = ?`, f.Class},
		{` AND fingerprint IS NOT NULL AND error->>'field' = ?`, f.Field},
		{` AND fingerprint = ?`, f.Fingerprint},
		{` AND local_id > ?`, f.Cursor},
	} {
		if filter.value != "" {
			where, args = where+filter.condition, append(args, filter.value)
		}
	}
	if _, err := uuid.Parse(f.Cursor); f.Cursor != "" && err != nil {
		return page, fmt.Errorf("%w: the cursor is none of this list", ErrBadFilter)
	}
	limit := f.Limit
	if limit == 0 {
		limit = 50
	}
	var rows []*link
	err = e.o.DB.WithContext(ctx).Raw(`SELECT * FROM links WHERE kind = ?`+where+` ORDER BY local_id LIMIT ?`,
		append(args, limit+1)...).Scan(&rows).Error
	if err != nil {
		return page, fmt.Errorf("list links: %w", err)
	}
	if page.HasMore = len(rows) > limit; page.HasMore {
		rows = rows[:limit]
		page.NextCursor = rows[limit-1].LocalID
	}
	for _, r := range rows {
		page.Data = append(page.Data, r.admin())
	}
	return page, nil
}

// Link returns one record with its content, or ErrNoLink. now also reads the remote; when that fails, the record is
// returned with the error.
func (e *Engine) Link(ctx context.Context, localID string, now bool) (admin.Link, error) {
	var rows []*link
	err := e.o.DB.WithContext(ctx).Raw(`SELECT * FROM links WHERE kind = ? AND local_id = ?`, e.o.Kind, localID).Scan(&rows).Error
	switch {
	case err != nil:
		return admin.Link{}, fmt.Errorf("read the link of %s: %w", localID, err)
	case len(rows) == 0:
		return admin.Link{}, ErrNoLink
	}
	r := rows[0]
	l := r.admin()
	l.Shadow, l.Gone, l.Pending = r.Shadow, r.Gone, slices.Sorted(maps.Keys(r.Pending))
	if r.Desired != nil {
		l.Desired = r.Desired.Fields
	}
	if r.Intent != nil {
		l.Intent = string(r.Intent.Op)
	}
	if !now || r.RemoteID == "" {
		return l, nil
	}
	return l, e.readNow(ctx, &l)
}

func (e *Engine) readNow(ctx context.Context, l *admin.Link) error {
	ctx, cancel := context.WithTimeout(ctx, e.o.CallTimeout)
	defer cancel()
	object, err := e.o.Remote.Get(ctx, l.RemoteID)
	switch {
	case errors.Is(err, ErrGone):
		l.Gone = true
		return nil
	case err != nil:
		return classify(err)
	}
	l.Gone, l.Remote = false, object.Fields
	return nil
}

// counted counts what a condition finds, up to maxCount.
func (e *Engine) counted(db *gorm.DB, condition string) (n int64, err error) {
	err = db.Raw(`SELECT count(*) FROM (SELECT FROM links WHERE kind = ? AND `+condition+` LIMIT ?) AS c`, e.o.Kind, maxCount).
		Scan(&n).Error
	if err != nil {
		return 0, fmt.Errorf("count links: %w", err)
	}
	return n, nil
}
