package connector

import (
	"context"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/jobs"
)

// KindRetry is the kind of the jobs that un-park records.
const KindRetry = "retry"

// RetryOf is the job that tries failed records again.
func (e *Engine) RetryOf(ctx context.Context, r admin.RetryRequest) (jobs.New, error) {
	if len(r.RecordIDs) == 0 && r.Fingerprint == "" && !r.All && !r.Discarded {
		return jobs.New{}, ErrNothingSelected
	}
	total, err := e.countChosen(ctx, retried(r))
	return jobs.New{Kind: KindRetry, Args: r, Total: total}, err
}

// retried is what a retry selects. What was discarded is tried again only when it is named.
func retried(r admin.RetryRequest) chosen {
	condition := `fingerprint IS NOT NULL`
	switch {
	case r.Discarded:
		condition = discardedOnes
	case len(r.RecordIDs) > 0:
		condition = `(fingerprint IS NOT NULL OR state = 'discarded')`
	}
	return chosen{condition, r.RecordIDs, r.Fingerprint}
}

// UnparkJob is the jobs.Handler of KindRetry: it makes failed records due, at the rate that was asked for.
func (e *Engine) UnparkJob(ctx context.Context, run *jobs.Run) error {
	var r admin.RetryRequest
	if err := run.Args(&r); err != nil {
		return err
	}
	if r.DryRun {
		run.Counts["would_try"] = run.Total
		return nil
	}
	return e.walk(ctx, run, retried(r), r.Rate, func(tx *gorm.DB, ids []string) error {
		run.Counts["tried"] += int64(len(ids))
		return e.unpark(tx, ids)
	}, e.Wake)
}

// unpark makes records due, but for those that a worker holds: they are being tried.
func (e *Engine) unpark(tx *gorm.DB, ids []string) error {
	return tx.Exec(`
WITH parked AS MATERIALIZED (
    SELECT local_id FROM links
    WHERE kind = ? AND local_id IN ? AND (fingerprint IS NOT NULL OR state = 'discarded') AND lease_owner = ''
    ORDER BY local_id FOR UPDATE) -- in the order of the inputs, so that neither waits for the other
UPDATE links SET due_at = now(), bulk = true, attempts = 0 WHERE kind = ? AND local_id IN (SELECT local_id FROM parked)`,
		e.o.Kind, ids, e.o.Kind).Error
}
