package connector

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

const (
	sweepSoon  = time.Second
	sweepLate  = 30 * time.Second
	purgeEvery = time.Minute
	purgeBatch = 5000
)

// Upkeep does until ctx ends what has no hurry: the slow sweep over all records, and forgetting old notices and replicas.
func (e *Engine) Upkeep(ctx context.Context) error {
	var failing streak
	var purged time.Time
	for ctx.Err() == nil {
		_, wait, err := e.sweep(ctx)
		if err == nil && time.Since(purged) >= purgeEvery {
			_, err = e.Purge(ctx)
			purged = time.Now()
		}
		switch began, ended := failing.note(err); {
		case ctx.Err() != nil:
		case began:
			e.o.Log.WarnContext(ctx, "upkeep has to wait", slog.Any("error", err))
		case ended:
			e.o.Log.InfoContext(ctx, "upkeep goes on")
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
	return nil
}

// purgeSQL forgets notices that the Feed does not reach back to: they cannot come a second time any more.
const purgeSQL = `
DELETE FROM inbox WHERE event_id IN (
    SELECT event_id FROM inbox WHERE received_at < now() - make_interval(secs => ?) LIMIT ? FOR UPDATE SKIP LOCKED)`

// Purge forgets old notices and replicas that are gone for long, and returns how many notices. Upkeep calls it.
func (e *Engine) Purge(ctx context.Context) (purged int64, err error) {
	db := e.o.DB.WithContext(ctx)
	if err := db.Exec(`DELETE FROM instances WHERE seen_at < now() - interval '1 day'`).Error; err != nil {
		return 0, fmt.Errorf("forget old replicas: %w", err)
	}
	for {
		result := db.Exec(purgeSQL, e.o.InboxKeep.Seconds(), purgeBatch)
		if result.Error != nil {
			return purged, fmt.Errorf("forget old notices: %w", result.Error)
		}
		if purged += result.RowsAffected; result.RowsAffected < purgeBatch {
			return purged, nil
		}
	}
}
