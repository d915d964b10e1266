package customers

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/record"
)

// Conflict is a field that was changed on both sides, and how that was settled.
type Conflict struct {
	ID             uuid.UUID     `json:"id"`
	CustomerID     uuid.UUID     `json:"customer_id"`
	Remote         string        `json:"remote"`
	Field          string        `json:"field"`         // canonical path
	CatalogValue   string        `json:"catalog_value"` // "" means that the field was cleared
	RemoteValue    string        `json:"remote_value"`
	CatalogVersion int64         `json:"catalog_version"`
	CatalogBy      string        `json:"catalog_by"`
	CatalogAt      time.Time     `json:"catalog_at"`
	RemoteAt       time.Time     `json:"remote_at"`
	Policy         record.Policy `json:"policy"`
	Winner         string        `json:"winner"` // "" while it waits for a person
	ChangeID       *uuid.UUID    `json:"change_id"`
	ResolvedBy     string        `json:"resolved_by"`
	SettledAt      *time.Time    `json:"settled_at"` // nil: it waits for a person
	CreatedAt      time.Time     `json:"created_at,omitzero"`
}

// storeConflicts adds conflicts, and brings those up to date that waited for a person.
const storeConflicts = `
INSERT INTO conflicts (id, customer_id, remote, field, catalog_value, remote_value, catalog_version, catalog_by, catalog_at,
    remote_at, policy, winner, change_id, resolved_by, settled_at)
SELECT * FROM json_to_recordset(?::json) AS c (id uuid, customer_id uuid, remote text, field text, catalog_value text,
    remote_value text, catalog_version bigint, catalog_by text, catalog_at timestamptz, remote_at timestamptz, policy text,
    winner text, change_id uuid, resolved_by text, settled_at timestamptz)
ON CONFLICT (id) DO UPDATE SET catalog_value = excluded.catalog_value, remote_value = excluded.remote_value,
    catalog_version = excluded.catalog_version, catalog_by = excluded.catalog_by, catalog_at = excluded.catalog_at,
    remote_at = excluded.remote_at, winner = excluded.winner, change_id = excluded.change_id,
    resolved_by = excluded.resolved_by, settled_at = excluded.settled_at`

// conflicts is the statement that stores what the change means for conflicts, if it means anything.
func (c *Commit) conflicts() ([]postgres.Statement, error) {
	rows := c.settled()
	for remote, fields := range c.Before.Held {
		for field, held := range fields {
			if _, waits := c.After.Held[remote][field]; !waits {
				rows = append(rows, c.released(remote, field, held))
			}
		}
	}
	for remote, fields := range c.After.Held {
		for field, held := range fields {
			before, waited := c.Before.Held[remote][field]
			if !waited || before != held || c.Before.Fields[field] != c.After.Fields[field] {
				rows = append(rows, c.conflict(remote, field, held))
			}
		}
	}
	if len(rows) == 0 {
		return nil, nil
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return nil, fmt.Errorf("encode conflicts of customer %s: %w", c.After.ID, err)
	}
	return []postgres.Statement{{SQL: storeConflicts, Args: []any{string(encoded)}}}, nil
}

// settled are the conflicts that a policy settled when they were met.
func (c *Commit) settled() []Conflict {
	var rows []Conflict
	at := now()
	for _, met := range c.Conflicts {
		if met.Winner == "" {
			continue
		}
		rows = append(rows, Conflict{
			ID: uuid.Must(uuid.NewV7()), CustomerID: c.After.ID, Remote: c.Remote, Field: met.Field,
			CatalogValue: met.CatalogValue, RemoteValue: met.RemoteValue, CatalogVersion: met.CatalogVersion,
			CatalogBy: met.CatalogBy, CatalogAt: met.CatalogAt, RemoteAt: met.RemoteAt, Policy: met.Policy, Winner: met.Winner,
			ChangeID: &c.Line.ID, SettledAt: &at,
		})
	}
	return rows
}

// conflict is one that waits for a person, as it is after the change.
func (c *Commit) conflict(remote, field string, held Held) Conflict {
	clock := c.After.Clock[field]
	return Conflict{
		ID: held.Conflict, CustomerID: c.After.ID, Remote: remote, Field: field,
		CatalogValue: c.After.Fields[field], RemoteValue: held.Value, CatalogVersion: clock.Version, CatalogBy: clock.By,
		CatalogAt: clock.At, RemoteAt: held.At, Policy: record.PolicyManual, ChangeID: &c.Line.ID,
	}
}

// released is a conflict that has waited for a person and does not any more: a person decided, or one side has come to
// the other's value by itself, or the customer was deleted.
func (c *Commit) released(remote, field string, held Held) Conflict {
	at := now()
	conflict := c.conflict(remote, field, held)
	conflict.SettledAt = &at
	conflict.Winner = record.LocalWriter
	switch byRemote := c.Remote == remote; {
	case c.Resolved != nil && c.Resolved.Conflict == held.Conflict:
		conflict.Winner, conflict.ResolvedBy = c.Resolved.Winner, c.Resolved.By
		conflict.CatalogValue = c.Before.Fields[field] // what there was to choose from
	case c.After.Deleted() && byRemote, !c.After.Deleted() && !byRemote: // deleted there, or the remote's value was taken here
		conflict.Winner = remote
	}
	return conflict
}
