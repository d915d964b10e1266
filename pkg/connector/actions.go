package connector

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/outbox"
)

// Errors of what operators ask for.
var (
	ErrNoLink = errors.New("no such record at this connector")
	ErrErased = errors.New("the record was erased in the catalog, for good")
	ErrLinked = errors.New("linked already")
	ErrBusy   = errors.New("a call for this record is under way")
)

// What operators can do to one record. Each is a statement that changes only inputs, so that a worker which holds the
// record meanwhile loses nothing; a record that is held is taken up again by the raised check.
const (
	wakeSQL = `
UPDATE links SET bulk = false, due_at = CASE WHEN lease_owner = '' OR due_at IS NULL THEN now() ELSE due_at END, `

	// unannounced: it is no notice that raises check.
	unannounced = `event_id = '', event_trace = '', `

	pushSQL   = wakeSQL + unannounced + `checks = checks + 1, forced = checks + 1 WHERE kind = ? AND local_id = ?`
	pullSQL   = wakeSQL + unannounced + `checks = checks + 1 WHERE kind = ? AND local_id = ?`
	retrySQL  = wakeSQL + `attempts = 0 WHERE kind = ? AND local_id = ?`
	pauseSQL  = `UPDATE links SET paused = true WHERE kind = ? AND local_id = ?`
	resumeOne = `UPDATE links SET paused = false WHERE kind = ? AND local_id = ?`
)

// Push brings the catalog's state to the remote now: the remote is read, and where it differs, the catalog wins. What
// somebody has changed there meanwhile is overwritten.
func (e *Engine) Push(tx *gorm.DB, localID string) error { return e.act(tx, pushSQL, localID) }

// Pull reads the remote now. What differs goes to the catalog, like any change there.
func (e *Engine) Pull(tx *gorm.DB, localID string) error { return e.act(tx, pullSQL, localID) }

// Retry tries a record again now that failed.
func (e *Engine) Retry(tx *gorm.DB, localID string) error { return e.act(tx, retrySQL, localID) }

// Pause leaves a record alone until Resume. What arrives for it meanwhile is kept.
func (e *Engine) Pause(tx *gorm.DB, localID string) error { return e.act(tx, pauseSQL, localID) }

// Resume ends a Pause.
func (e *Engine) Resume(tx *gorm.DB, localID string) error { return e.act(tx, resumeOne, localID) }

// act runs a statement about one link in the caller's transaction. Wake the engine after the commit.
func (e *Engine) act(tx *gorm.DB, query, localID string) error {
	result := tx.Exec(query, e.o.Kind, localID)
	switch {
	case result.Error != nil:
		return fmt.Errorf("record %s: %w", localID, result.Error)
	case result.RowsAffected == 0:
		return ErrNoLink
	}
	return nil
}

// unlinkSQL fences whoever holds the row, but leaves alone what has a call without an answer.
const unlinkSQL = `
UPDATE links SET remote_id = NULL, shadow = NULL, pending = NULL, doubt = NULL, pushes = NULL, overwritten = NULL, marked = 0,
    forced = 0, gone = true, state = ?, error = NULL, fingerprint = NULL, failing_since = NULL, attempts = 0, held = 0,
    version = desired_version, checked = checks, due_at = NULL, lease_owner = '', lease_token = lease_token + 1, updated_at = now()
WHERE kind = ? AND local_id = ? AND intent IS NULL AND (lease_owner = '' OR due_at <= now() OR due_at IS NULL)
RETURNING *`

// Unlink forgets the remote object of a record, leaving the object alone. Nothing is synced any more for the record until
// it is linked again, or deleted and restored in the catalog. ErrBusy while a call is under way, or has no answer yet.
func (e *Engine) Unlink(tx *gorm.DB, localID string) error {
	var rows []*link
	if err := tx.Raw(unlinkSQL, event.StateDetached, e.o.Kind, localID).Scan(&rows).Error; err != nil {
		return fmt.Errorf("unlink %s: %w", localID, err)
	}
	if len(rows) == 0 {
		if _, err := e.read(tx, localID); err != nil {
			return err
		}
		return ErrBusy
	}
	return outbox.Append(tx, messages([]event.Envelope{event.NewState(e.stateOf(rows[0]))})...)
}

// linkSQL makes the record one that has never been compared with its object.
const linkSQL = `
UPDATE links SET remote_id = ?, shadow = NULL, pending = NULL, marked = 0, version = 0, gone = false, state = ?, error = NULL,
    fingerprint = NULL, failing_since = NULL, attempts = 0, checks = checks + 1, due_at = now(), lease_owner = '',
    lease_token = lease_token + 1, updated_at = now()
WHERE kind = ? AND local_id = ? AND remote_id IS NULL AND intent IS NULL AND (lease_owner = '' OR due_at <= now() OR due_at IS NULL)
    AND desired->'erased' IS NULL`

// CanLink asks the remote whether a record can be linked to an object: nil, or ErrNoLink, ErrGone, or an error that wraps
// ErrLinked and says why not.
func (e *Engine) CanLink(ctx context.Context, localID, remoteID string) error {
	db := e.o.DB.WithContext(ctx)
	l, err := e.read(db, localID)
	switch {
	case err != nil:
		return err
	case l.erased():
		return ErrErased
	case l.RemoteID != "":
		return fmt.Errorf("%w: the record is linked to %s; unlink it first", ErrLinked, l.RemoteID)
	}
	call, cancel := context.WithTimeout(ctx, e.o.CallTimeout)
	defer cancel()
	object, err := e.o.Remote.Get(call, remoteID)
	if err != nil {
		return fmt.Errorf("look at %s: %w", remoteID, err)
	}
	if owner, err := e.owner(ctx, remoteID); err != nil || owner != "" {
		return errors.Join(err, fmt.Errorf("%w: %s belongs to record %s; unlink that one first", ErrLinked, remoteID, owner))
	}
	if other := object.LocalID; other != "" && other != localID {
		if marked, err := e.read(db, other); err == nil && marked.RemoteID == "" && !marked.Gone {
			return fmt.Errorf("%w: %s was made for record %s", ErrLinked, remoteID, other)
		}
	}
	return nil
}

// LinkTo links a record that has no object to one that no record has: see CanLink, which comes first. Where the two
// differ, the fields' policies settle it, as for any change at the remote.
func (e *Engine) LinkTo(tx *gorm.DB, localID, remoteID string) error {
	result := tx.Exec(linkSQL, remoteID, event.StatePending, e.o.Kind, localID)
	switch {
	case errors.Is(result.Error, gorm.ErrDuplicatedKey):
		return fmt.Errorf("%w: %s was linked to another record in this moment", ErrLinked, remoteID)
	case result.Error != nil:
		return fmt.Errorf("link %s: %w", localID, result.Error)
	case result.RowsAffected == 0:
		return ErrBusy
	}
	return nil
}

func (e *Engine) read(db *gorm.DB, localID string) (*link, error) {
	var rows []*link
	if err := db.Raw(`SELECT * FROM links WHERE kind = ? AND local_id = ?`, e.o.Kind, localID).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the link of %s: %w", localID, err)
	}
	if len(rows) == 0 {
		return nil, ErrNoLink
	}
	return rows[0], nil
}
