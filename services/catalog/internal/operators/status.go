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
	if status.Records.Conflicts, err = customers.CountConflicted(ctx, s.DB, adminapi.CountLimit); err != nil {
		return err
	}
	return s.records(ctx, &status.Records)
}

// recordsSQL counts what indexes find, up to a limit.
const recordsSQL = `
SELECT
    (SELECT count(*) FROM (SELECT FROM customers LIMIT @limit + 1) AS c) AS counted,
    (SELECT greatest(0, reltuples)::bigint FROM pg_class WHERE oid = 'customers'::regclass) AS estimated,
    (SELECT count(*) FROM (SELECT FROM customer_sync WHERE state = 'retrying' AND state <> 'synced' LIMIT @limit) AS c) AS retrying,
    (SELECT count(*) FROM (SELECT FROM customer_sync WHERE state = 'failed' AND state <> 'synced' LIMIT @limit) AS c) AS failed,
    (SELECT count(*) FROM (SELECT FROM customer_sync WHERE state = 'discarded' AND state <> 'synced' LIMIT @limit) AS c) AS discarded`

func (s *server) records(ctx context.Context, records *admin.Records) error {
	var found struct{ Counted, Estimated, Retrying, Failed, Discarded int64 }
	err := s.DB.WithContext(ctx).Raw(recordsSQL, map[string]any{"limit": adminapi.CountLimit}).Scan(&found).Error
	if err != nil {
		return fmt.Errorf("count the customers: %w", err)
	}
	records.Total, records.Retrying, records.Failed, records.Discarded = found.Counted, found.Retrying, found.Failed, found.Discarded
	if found.Counted > adminapi.CountLimit {
		records.Total = max(found.Counted, found.Estimated)
	}
	for _, remote := range s.Remotes {
		pending, err := customers.CountPending(ctx, s.DB, remote, adminapi.CountLimit)
		if err != nil {
			return err
		}
		records.Pending += pending
	}
	return nil
}
