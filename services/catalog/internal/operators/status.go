package operators

import (
	"context"
	"fmt"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/adminapi"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// status tells where work waits at the catalog, and how many customers are in which state.
func (s *server) status(ctx context.Context, status *admin.Status) error {
	out, err := adminapi.Outbox(ctx, s.DB)
	if err != nil {
		return err
	}
	letters, err := adminapi.DeadLetters(ctx, s.DB)
	if err != nil {
		return err
	}
	status.Hops = []admin.Hop{out, adminapi.Queue(ctx, s.Broker, "changes queue", s.ChangesQueue), letters}
	if status.Records.Conflicts, err = customers.CountOpen(ctx, s.DB, adminapi.CountLimit); err != nil {
		return err
	}
	return s.records(ctx, &status.Records)
}

// recordsSQL counts what indexes find, up to a limit. What waits for a remote is looked for among those that were
// written last: that is where it is.
const recordsSQL = `
SELECT
    (SELECT count(*) FROM (SELECT FROM customers LIMIT @limit + 1) AS c) AS counted,
    (SELECT greatest(0, reltuples)::bigint FROM pg_class WHERE oid = 'customers'::regclass) AS estimated,
    (SELECT count(*) FROM (SELECT FROM customer_sync WHERE state = 'retrying' AND state <> 'synced' LIMIT @limit) AS c) AS retrying,
    (SELECT count(*) FROM (SELECT FROM customer_sync WHERE state = 'failed' AND state <> 'synced' LIMIT @limit) AS c) AS failed,
    (SELECT count(*) FROM (SELECT FROM customer_sync WHERE state = 'discarded' AND state <> 'synced' LIMIT @limit) AS c) AS discarded,
    (SELECT count(*) FROM (SELECT id, version, generation FROM customers ORDER BY updated_at DESC LIMIT @limit) AS c
        LEFT JOIN customer_sync AS s ON s.customer_id = c.id
        WHERE s.customer_id IS NULL OR s.generation < c.generation OR s.version < c.version AND s.state NOT IN ('retrying', 'failed', 'discarded')) AS pending`

func (s *server) records(ctx context.Context, records *admin.Records) error {
	var found struct{ Counted, Estimated, Retrying, Failed, Discarded, Pending int64 }
	err := s.DB.WithContext(ctx).Raw(recordsSQL, map[string]any{"limit": adminapi.CountLimit}).Scan(&found).Error
	if err != nil {
		return fmt.Errorf("count the customers: %w", err)
	}
	records.Total, records.Pending, records.Retrying = found.Counted, found.Pending, found.Retrying
	records.Failed, records.Discarded = found.Failed, found.Discarded
	if found.Counted > adminapi.CountLimit {
		records.Total = max(found.Counted, found.Estimated)
	}
	return nil
}
