package idempotency

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

const pruneBatch = 5000

// Prune deletes all answers that are older than Keep, a limited number per statement so that no lock is held long.
func Prune(ctx context.Context, db *gorm.DB) error {
	for {
		result := db.WithContext(ctx).Exec(`
			DELETE FROM idempotency_keys WHERE (api_key_id, key) IN (
				SELECT api_key_id, key FROM idempotency_keys
				WHERE created_at <= now() - make_interval(secs => ?) LIMIT ? FOR UPDATE SKIP LOCKED)`,
			Keep.Seconds(), pruneBatch)
		if result.Error != nil {
			return fmt.Errorf("prune idempotency keys: %w", result.Error)
		}
		if result.RowsAffected < pruneBatch {
			return nil
		}
	}
}
