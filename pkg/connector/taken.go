package connector

import (
	"context"
	"errors"
	"fmt"
)

// takenError: the object that a call came to is linked to another record already. Only a person can tell which of the
// two records it belongs to.
type takenError struct{ remoteID string }

func (e *takenError) Error() string { return e.remoteID + " is linked to another record" }

// settle parks the link when it could not be written back because another one has its object; any other outcome is
// returned as it is. The intent stays, so that the same call leads to the same object again once that one is free.
func (j *job) settle(ctx context.Context, outcome error) error {
	taken, ok := errors.AsType[*takenError](outcome)
	if !ok {
		return outcome
	}
	var rows []*link
	l := j.link
	err := j.o.DB.WithContext(ctx).
		Raw(`SELECT * FROM links WHERE kind = ? AND local_id = ? AND lease_token = ?`, l.Kind, l.LocalID, l.LeaseToken).
		Scan(&rows).Error
	switch {
	case err != nil:
		return &notCommitted{fmt.Errorf("read the link again: %w", err)}
	case len(rows) == 0:
		return &notCommitted{errLeaseLost}
	}
	owner, err := j.owner(ctx, taken.remoteID)
	if err != nil {
		return &notCommitted{err}
	}
	rows[0].leasedUntil = l.leasedUntil
	j.entries.Changes, j.entries.Settled = nil, nil // the calls were made, but nothing came of them
	j.link, j.out, j.conceded, j.overruled = rows[0], nil, 0, 0
	j.seenVersion, j.seenChecks = max(j.seenVersion, j.link.DesiredVersion), max(j.seenChecks, j.link.Checks)
	return j.rest(ctx, &Error{Class: Permanent, Reason: fmt.Sprintf(
		"%s is linked to record %s already: unlink or delete one of the two, then try again", taken.remoteID, owner)})
}

// owner is the record that an object is linked to; "" for none.
func (e *Engine) owner(ctx context.Context, remoteID string) (localID string, err error) {
	err = e.o.DB.WithContext(ctx).
		Raw(`SELECT local_id FROM links WHERE kind = ? AND remote_id = ?`, e.o.Kind, remoteID).Scan(&localID).Error
	if err != nil {
		return "", fmt.Errorf("look for the link of %s: %w", remoteID, err)
	}
	return localID, nil
}
