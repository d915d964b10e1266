package idempotency

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"gorm.io/gorm"
)

const (
	pruneEvery = 10 * time.Minute
	pruneBatch = 5000
)

// Prune deletes answers that are older than Keep, for ever, until ctx ends; then it returns nil.
func Prune(ctx context.Context, db *gorm.DB, log *slog.Logger) error {
	ticker := time.NewTicker(pruneEvery)
	defer ticker.Stop()
	for {
		if _, err := PruneOnce(ctx, db); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "old idempotency keys could not be deleted; trying again later", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// PruneOnce deletes all answers that are older than Keep, a limited number per statement so that no lock is held long.
func PruneOnce(ctx context.Context, db *gorm.DB) (deleted int64, err error) {
	for {
		result := db.WithContext(ctx).Exec(`
			DELETE FROM idempotency_keys WHERE (api_key_id, key) IN (
				SELECT api_key_id, key FROM idempotency_keys
				WHERE created_at <= now() - make_interval(secs => ?) LIMIT ? FOR UPDATE SKIP LOCKED)`,
			Keep.Seconds(), pruneBatch)
		if result.Error != nil {
			return deleted, fmt.Errorf("prune idempotency keys: %w", result.Error)
		}
		deleted += result.RowsAffected
		if result.RowsAffected < pruneBatch {
			return deleted, nil
		}
	}
}
