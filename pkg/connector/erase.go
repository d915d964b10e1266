package connector

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/outbox"
)

// ErasePolicy says what an erasure in the catalog does at the remote.
type ErasePolicy string

// The erase policies. Whatever the policy, nothing personal is kept on this side.
const (
	EraseDelete ErasePolicy = "delete" // delete the object there too, whatever the delete policy says
	EraseKeep   ErasePolicy = "keep"   // leave it there, for somebody else to decide, and never look at it again
)

// wipeSQL empties a link of everything personal, whoever holds it: a worker that is at it cannot write back what it
// knows. Only a create or a delete without an answer stays: without it nobody would know whether there is an object. An
// operator's pause ends.
const wipeSQL = `
UPDATE links SET shadow = NULL, pending = NULL, overwritten = NULL, pushes = NULL, doubt = NULL, repair = NULL, forced = 0,
    last_key = CASE WHEN intent->>'op' = 'update' THEN intent->>'key' ELSE last_key END,
    intent = CASE WHEN intent->>'op' <> 'update' THEN intent END,
    error = NULL, discarded = NULL, fingerprint = NULL, failing_since = NULL, attempts = 0, checked = checks, paused = false, offered = false,
    lease_owner = '', lease_token = lease_token + 1, due_at = now(), updated_at = clock_timestamp()
WHERE kind = ? AND local_id = ? RETURNING COALESCE(remote_id, '')`

// wipe removes what is kept about a record that is erased, in the transaction that stores the event which says so.
func (e *Engine) wipe(tx *gorm.DB, localID string) error {
	var remoteID string
	if err := tx.Raw(wipeSQL, e.o.Kind, localID).Scan(&remoteID).Error; err != nil {
		return fmt.Errorf("erase record %s: %w", localID, err)
	}
	if err := outbox.Discard(tx, localID); err != nil { // the catalog takes nothing of it any more
		return err
	}
	return e.eraseElsewhere(tx, localID, remoteID)
}

// eraseElsewhere removes what is kept about a record beside its link.
func (e *Engine) eraseElsewhere(tx *gorm.DB, localID, remoteID string) error {
	for _, query := range []string{
		`UPDATE findings SET fields = NULL WHERE record_id = @local`,
		`DELETE FROM match_keys WHERE id IN (@local, @remote)`,
	} {
		if err := tx.Exec(query, map[string]any{"local": localID, "remote": remoteID}).Error; err != nil {
			return fmt.Errorf("erase record %s: %w", localID, err)
		}
	}
	if e.o.Erase == nil {
		return nil
	}
	return e.o.Erase(tx, localID, remoteID)
}

// erased reports whether the catalog has erased the record.
func (l *link) erased() bool { return l.Desired != nil && l.Desired.Erased }

// erase is a turn at a record that the catalog has erased: it settles what becomes of the object. Nothing is told to the
// catalog but how far that has got.
func (j *job) erase(ctx context.Context) error {
	l := j.link
	j.conceded, j.was = len(l.Overwritten), report{} // an earlier report may have been discarded
	if l.Intent != nil {
		if j.held(holdOutbound) {
			return nil
		}
		err := j.finish(ctx)
		j.out = nil // what it has seen is nobody's business
		if err != nil && l.Intent != nil {
			return err
		} // else it was refused: there is no object
	}
	l.empty()
	switch {
	case l.RemoteID == "" || l.Gone && l.State != event.StateDetached:
		l.Gone, l.Version = true, l.Desired.Version
		return nil
	case j.o.ErasePolicy == EraseKeep:
		l.Gone, l.Version, l.State = true, l.Desired.Version, event.StateDetached
		return nil
	}
	l.State = event.StatePending // also of an object that a delete had left there
	return j.attempt(ctx, intent{Op: opDelete})
}

// empty is wipeSQL for the row in hand.
func (l *link) empty() {
	l.Shadow, l.Pending, l.Pushes, l.Doubt, l.Repair = nil, nil, nil, nil, nil
}
