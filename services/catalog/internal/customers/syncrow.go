package customers

import (
	"time"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/pkg/event"
)

// StateConflict is the state of a customer that would be synced but for a field in which both sides keep their own until
// an operator decides. Only the catalog knows it: connectors have nothing to do then.
const StateConflict event.SyncState = "conflict"

// SyncRow is what a connector last reported about a customer.
type SyncRow struct {
	CustomerID uuid.UUID        `json:"customer_id"`
	Remote     string           `json:"remote"`
	RemoteID   string           `json:"remote_id"`
	State      event.SyncState  `json:"state"`
	Version    int64            `json:"version"`
	Generation int64            `json:"generation"`
	Revision   int64            `json:"revision"`
	Error      *event.SyncError `json:"error"`
	SyncedAt   *time.Time       `json:"synced_at"`
}

// SyncStatus is how a customer stands at one remote.
type SyncStatus struct {
	State    event.SyncState
	RemoteID string // "" when there is no object (yet)
	Version  int64  // the customer's version that the remote reflects; 0 when none
	SyncedAt *time.Time
	Error    *event.SyncError
}

// SyncAt returns how the customer stands at a remote.
func (c Customer) SyncAt(remote string) SyncStatus {
	for _, row := range c.Sync {
		if row.Remote == remote {
			return c.status(row)
		}
	}
	return SyncStatus{State: event.StatePending}
}

// status reads a report in the light of the customer as it is now. effectiveState is the same in SQL.
func (c Customer) status(row SyncRow) SyncStatus {
	if row.Generation < c.Generation {
		return SyncStatus{State: event.StatePending} // about an object that a restore left behind
	}
	status := SyncStatus{
		State: row.State, RemoteID: row.RemoteID, Version: row.Version, SyncedAt: row.SyncedAt, Error: row.Error,
	}
	troubled := row.Error != nil && row.Error.Version >= c.Version
	if row.Version < c.Version && !troubled {
		status.State, status.Error = event.StatePending, nil // the report is about an older version
	}
	if status.State == event.StateSynced && len(c.Held[row.Remote]) > 0 {
		status.State = StateConflict
	}
	return status
}

// Customer.status in SQL, of c (customers) left joined with s (customer_sync). Conditions rather than the whole, where they do:
// of the whole PostgreSQL thinks that next to no customer is in any state.
const (
	current    = `(s.generation >= c.generation AND (s.version >= c.version OR coalesce((s.error->>'version')::bigint, 0) >= c.version))`
	conflicted = `(s.state = 'synced' AND jsonb_exists(c.held, s.remote))`

	effectiveState = `CASE WHEN s.customer_id IS NULL OR NOT ` + current + ` THEN 'pending' WHEN ` + conflicted + ` THEN 'conflict' ELSE s.state END`
)

// Settled reports whether a remote is done with the customer's present version: it holds it, or it will not take it.
func (c Customer) Settled(remote string) bool {
	switch c.SyncAt(remote).State {
	case event.StateSynced, StateConflict, event.StateFailed, event.StateDiscarded, event.StateDeleted, event.StateDetached:
		return true
	case event.StatePending, event.StateRetrying:
	}
	return false
}
