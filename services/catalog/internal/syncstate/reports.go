// Package syncstate keeps what connectors report about customers, and wakes whoever waits for a report.
package syncstate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/postgres"
)

// report is an event.State as the statement below reads it.
type report struct {
	CustomerID uuid.UUID        `json:"customer_id"`
	Remote     string           `json:"remote"`
	RemoteID   string           `json:"remote_id"`
	State      event.SyncState  `json:"state"`
	Version    int64            `json:"version"`
	Generation int64            `json:"generation"`
	Revision   int64            `json:"revision"`
	Error      *event.SyncError `json:"error"`
	At         time.Time        `json:"at"`
}

// Store keeps reports, each if it is newer than what is known. The order and number of reports do not matter.
func Store(db *gorm.DB, states []event.State) error {
	reports := newest(states)
	if len(reports) == 0 {
		return nil
	}
	encoded, err := json.Marshal(reports)
	if err != nil {
		return fmt.Errorf("encode sync states: %w", err)
	}
	err = db.Exec(`
		INSERT INTO customer_sync AS old
		       (customer_id, remote, remote_id, state, version, generation, revision, error, synced_at, created_at)
		SELECT customer_id, remote, coalesce(remote_id, ''), state, version, generation, revision, nullif(error, 'null'),
		       CASE WHEN state IN ('synced', 'deleted', 'detached') THEN at END,
		       CASE WHEN state <> 'synced' THEN (SELECT c.created_at FROM customers c WHERE c.id = r.customer_id) END
		FROM jsonb_to_recordset(?::jsonb) AS r (customer_id uuid, remote text, remote_id text, state text,
		     version bigint, generation bigint, revision bigint, error jsonb, at timestamptz)
		ON CONFLICT (customer_id, remote) DO UPDATE
		SET remote_id = CASE WHEN excluded.remote_id = '' AND excluded.generation = old.generation
		                     THEN old.remote_id ELSE excluded.remote_id END,
		    state = excluded.state, version = excluded.version, generation = excluded.generation,
		    revision = excluded.revision, error = excluded.error,
		    synced_at = coalesce(excluded.synced_at, old.synced_at), created_at = excluded.created_at,
		    updated_at = now()
		WHERE (excluded.generation, excluded.revision) > (old.generation, old.revision)`, string(encoded)).Error
	if err != nil {
		return fmt.Errorf("store sync states: %w", err)
	}
	return nil
}

// newest leaves one report per customer and remote, as one statement may touch a row once, in an order that two
// replicas at work cannot deadlock on.
func newest(states []event.State) []report {
	type place struct {
		id     uuid.UUID
		remote string
	}
	best := map[place]event.State{}
	for _, s := range states {
		at := place{uuid.MustParse(s.ID), s.Remote} // decoding has checked it
		old, ok := best[at]
		if !ok || cmp.Or(cmp.Compare(s.Generation, old.Generation), cmp.Compare(s.Revision, old.Revision)) > 0 {
			best[at] = s
		}
	}
	reports := make([]report, 0, len(best))
	for at, s := range best {
		reports = append(reports, report{
			CustomerID: at.id, Remote: s.Remote, RemoteID: s.RemoteID, State: s.State,
			Version: s.Version, Generation: s.Generation, Revision: s.Revision, Error: s.Error, At: s.At,
		})
	}
	slices.SortFunc(reports, func(a, b report) int {
		return cmp.Or(slices.Compare(a.CustomerID[:], b.CustomerID[:]), cmp.Compare(a.Remote, b.Remote))
	})
	return reports
}

// Link is the statement that notes which object a customer is at a remote, before its connector reports any state; none
// when there is no object. Where a report overtook the customer, it adds when the customer was created: now, if the
// same statement does that.
func Link(customer uuid.UUID, remote, remoteID string, generation int64) []postgres.Statement {
	if remoteID == "" {
		return nil
	}
	return []postgres.Statement{{SQL: `
		INSERT INTO customer_sync AS old (customer_id, remote, remote_id, state, version, generation, revision, created_at)
		VALUES (?, ?, ?, 'pending', 0, ?, 0, coalesce((SELECT c.created_at FROM customers c WHERE c.id = ?), now()))
		ON CONFLICT (customer_id, remote) DO UPDATE
		SET remote_id = CASE WHEN old.generation = excluded.generation AND old.remote_id = '' THEN excluded.remote_id ELSE old.remote_id END,
		    created_at = CASE WHEN old.state <> 'synced' THEN excluded.created_at END
		WHERE old.generation = excluded.generation AND old.remote_id = ''
		   OR old.created_at IS NULL AND old.state <> 'synced'`, Args: []any{customer, remote, remoteID, generation, customer}}}
}
