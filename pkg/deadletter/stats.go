package deadletter

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// countLimit keeps Stats cheap however many letters wait.
const countLimit = 10_000

// Stats returns how many letters wait, counted up to 10,000, and for how long the oldest has, by the database's clock.
func Stats(ctx context.Context, db *gorm.DB) (waiting int64, oldest time.Duration, err error) {
	var found struct {
		Waiting int64
		Seconds float64
	}
	err = db.WithContext(ctx).Raw(`
SELECT count(*) AS waiting, COALESCE(greatest(0, extract(epoch FROM clock_timestamp() - min(at))), 0) AS seconds
FROM (SELECT at FROM dead_letters WHERE state = 'waiting' ORDER BY at LIMIT ?) AS counted`, countLimit).Scan(&found).Error
	if err != nil {
		return 0, 0, fmt.Errorf("count dead letters: %w", err)
	}
	return found.Waiting, time.Duration(found.Seconds * float64(time.Second)), nil
}

// Keep is how long a letter is kept after it was settled. One that waits is kept for ever.
const Keep = 30 * 24 * time.Hour

const pruneBatch = 1000

// Prune deletes all letters that were settled longer than Keep ago, a limited number per statement.
func Prune(ctx context.Context, db *gorm.DB) error {
	for {
		result := db.WithContext(ctx).Exec(`
DELETE FROM dead_letters WHERE id IN (
    SELECT id FROM dead_letters WHERE settled_at <= now() - make_interval(secs => ?) LIMIT ? FOR UPDATE SKIP LOCKED)`,
			Keep.Seconds(), pruneBatch)
		if result.Error != nil {
			return fmt.Errorf("prune dead letters: %w", result.Error)
		}
		if result.RowsAffected < pruneBatch {
			return nil
		}
	}
}
