package connector

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/jobs"
)

// KindRetry is the kind of the jobs that un-park records.
const KindRetry = "retry"

// ErrNothingSelected is for a RetryRequest that does not say what it is about.
var ErrNothingSelected = errors.New("select records by record_ids or fingerprint, or say all")

// RetryOf is the job that tries failed records again.
func (e *Engine) RetryOf(ctx context.Context, r admin.RetryRequest) (jobs.New, error) {
	if len(r.RecordIDs) == 0 && r.Fingerprint == "" && !r.All {
		return jobs.New{}, ErrNothingSelected
	}
	for _, id := range r.RecordIDs {
		if _, err := uuid.Parse(id); err != nil {
			return jobs.New{}, fmt.Errorf("%w: %q is the id of no record", ErrNoLink, id)
		}
	}
	total, err := e.countFailing(ctx, r)
	return jobs.New{Kind: KindRetry, Args: r, Total: total}, err
}

func (r retry) selection() (where string, args []any) {
	where = `kind = ? AND fingerprint IS NOT NULL`
	if r.Fingerprint != "" {
		where += ` AND fingerprint = ?`
		args = append(args, r.Fingerprint)
	}
	if len(r.RecordIDs) > 0 {
		where += ` AND local_id IN ?`
		args = append(args, r.RecordIDs)
	}
	return where, args
}

// retry is the request as the job knows it.
type retry struct{ admin.RetryRequest }

func (e *Engine) countFailing(ctx context.Context, r admin.RetryRequest) (n int64, err error) {
	where, args := retry{r}.selection()
	err = e.o.DB.WithContext(ctx).Raw(`SELECT count(*) FROM (SELECT FROM links WHERE `+where+` LIMIT ?) AS some_failing`,
		append(append([]any{e.o.Kind}, args...), maxCount)...).Scan(&n).Error
	if err != nil {
		return 0, fmt.Errorf("count what fails: %w", err)
	}
	return n, nil
}

// unparkCursor is how far an un-parking job has got. The records are gone through in the order of their ids, so that one
// that fails again meanwhile is not tried twice.
type unparkCursor struct {
	After string `json:"after"`
}

// unparkBatch is how many records are made due in one step at most.
const unparkBatch = 500

// UnparkJob is the jobs.Handler of KindRetry: it makes failed records due, at the rate that was asked for.
func (e *Engine) UnparkJob(ctx context.Context, run *jobs.Run) error {
	var r retry
	cursor := unparkCursor{After: uuid.Nil.String()}
	if err := errors.Join(run.Args(&r), run.Resume(&cursor, nil)); err != nil {
		return err
	}
	if r.DryRun {
		run.Counts["would_try"] = run.Total
		return nil
	}
	pace := newPace(r.Rate)
	for {
		batch, err := pace.next(ctx)
		if err != nil {
			return err
		}
		ids, err := e.failing(ctx, r, cursor.After, batch)
		if err != nil || len(ids) == 0 {
			return err
		}
		cursor.After = ids[len(ids)-1]
		run.Done += int64(len(ids))
		run.Counts["tried"] += int64(len(ids))
		if err := run.Commit(ctx, cursor, func(tx *gorm.DB) error { return e.unpark(tx, ids) }); err != nil {
			return err
		}
		e.Wake()
	}
}

func (e *Engine) failing(ctx context.Context, r retry, after string, n int) (ids []string, err error) {
	where, args := r.selection()
	err = e.o.DB.WithContext(ctx).Raw(`SELECT local_id FROM links WHERE `+where+` AND local_id > ? ORDER BY local_id LIMIT ?`,
		append(append([]any{e.o.Kind}, args...), after, n)...).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("find what fails: %w", err)
	}
	return ids, nil
}

// unpark makes records due, but for those that a worker holds: they are being tried.
func (e *Engine) unpark(tx *gorm.DB, ids []string) error {
	return tx.Exec(`
WITH parked AS MATERIALIZED (
    SELECT local_id FROM links WHERE kind = ? AND local_id IN ? AND fingerprint IS NOT NULL AND lease_owner = ''
    ORDER BY local_id FOR UPDATE) -- in the order of the inputs, so that neither waits for the other
UPDATE links SET due_at = now(), bulk = true, attempts = 0 WHERE kind = ? AND local_id IN (SELECT local_id FROM parked)`,
		e.o.Kind, ids, e.o.Kind).Error
}

// pace spreads records over time.
type pace struct {
	rate  float64 // per second; 0: as fast as possible
	began time.Time
	given float64
}

func newPace(rate float64) *pace { return &pace{rate: rate, began: time.Now()} }

// next waits until at least one more record may be taken and returns how many may.
func (p *pace) next(ctx context.Context) (n int, err error) {
	if p.rate <= 0 {
		return unparkBatch, ctx.Err()
	}
	wait := time.Duration((p.given+1)/p.rate*float64(time.Second)) - time.Since(p.began)
	timer := time.NewTimer(max(0, wait))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-timer.C:
	}
	n = max(1, min(unparkBatch, int(time.Since(p.began).Seconds()*p.rate-p.given)))
	p.given += float64(n)
	return n, nil
}
