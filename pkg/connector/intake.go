package connector

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/tracing"
)

// upsertSQL keeps the newest snapshot of each record. A link that is backing off or held by a worker keeps its due
// time; the worker notices the newer version when it writes back. What is only offered waits for a comparison.
const upsertSQL = `
INSERT INTO links (kind, local_id, desired, desired_version, origin, bulk, offered, due_at)
SELECT e.kind, e.id, e.body, e.version, e.origin, e.bulk, e.offered, CASE WHEN NOT e.offered THEN now() END
FROM jsonb_to_recordset(?::jsonb) AS e(kind text, id uuid, version bigint, bulk boolean, offered boolean, body jsonb, origin jsonb) ORDER BY e.id
ON CONFLICT (kind, local_id) DO UPDATE SET desired = EXCLUDED.desired, desired_version = EXCLUDED.desired_version,
    origin = EXCLUDED.origin, bulk = EXCLUDED.bulk AND (links.bulk OR links.due_at IS NULL), offered = links.offered AND EXCLUDED.offered,
    due_at = COALESCE(links.due_at, CASE WHEN NOT (links.offered AND EXCLUDED.offered) THEN now() END),
    updated_at = clock_timestamp()
WHERE links.desired_version < EXCLUDED.desired_version`

// HandleEvents is the rabbitmq.Handler of the connector's event queue: it writes what the catalog wants to the rows, in
// one statement for the whole batch. Events that cannot be decoded go to the dead-letter queue.
func (e *Engine) HandleEvents(ctx context.Context, batch []*rabbitmq.Delivery) error {
	type row struct {
		Kind    string         `json:"kind"`
		ID      string         `json:"id"`
		Version int64          `json:"version"`
		Bulk    bool           `json:"bulk"`
		Offered bool           `json:"offered"`
		Body    event.Snapshot `json:"body"`
		Origin  origin         `json:"origin"`
	}
	newest := make(map[string]row, len(batch))
	for _, delivery := range batch {
		envelope, snapshot, err := event.ReadSnapshot(delivery.Body)
		if err != nil {
			delivery.Dead(err.Error())
			continue
		}
		if snapshot.Kind == e.o.Kind && snapshot.Version > newest[snapshot.ID].Version {
			newest[snapshot.ID] = row{
				Kind: snapshot.Kind, ID: snapshot.ID, Version: snapshot.Version, Bulk: snapshot.Bulk,
				Offered: snapshot.Offer && !snapshot.Deleted, Body: snapshot,
				Origin: origin{Event: envelope.ID, Trace: delivery.Headers[tracing.Header], At: envelope.Time},
			}
		}
	}
	if len(newest) == 0 {
		return nil
	}
	rows, live, erased := make([]row, 0, len(newest)), []string(nil), []string(nil)
	for id, r := range newest {
		rows = append(rows, r)
		if r.Body.Erased {
			erased = append(erased, id)
		}
		if !r.Bulk {
			live = append(live, id)
		}
	}
	body, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode events: %w", err)
	}
	all := false
	if len(erased) > 0 {
		err = e.storeErased(e.o.DB.WithContext(ctx), string(body), erased)
	} else {
		all, err = e.storeAndClaim(ctx, arrived{
			store: postgres.Statement{SQL: upsertSQL, Args: []any{string(body)}}, ids: live, single: len(rows) == 1,
		})
	}
	if err != nil {
		return fmt.Errorf("store events: %w", err)
	}
	if !all || len(live) < len(rows) {
		e.Wake()
	}
	return nil
}

// storeErased writes encoded events, and removes what is kept about the records that they say are erased.
func (e *Engine) storeErased(db *gorm.DB, body string, erased []string) error {
	slices.Sort(erased) // rows are locked in the order of their ids
	return db.Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec(upsertSQL, body).Error; err != nil {
			return err
		}
		for _, id := range erased {
			if err := e.wipe(tx, id); err != nil {
				return err
			}
		}
		return nil
	})
}
