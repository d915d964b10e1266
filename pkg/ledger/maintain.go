package ledger

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
)

// Retention is how long lines are kept unless the operator says otherwise.
const Retention = 30 * 24 * time.Hour

const (
	daysAhead = 3
	day       = 24 * time.Hour
)

// Maintain makes partitions ahead and drops those that are older than the retention. Any number of replicas may do so,
// several times a day. When nobody gets to it, lines go to the default partition: nothing is lost, they are only slower
// to remove.
func Maintain(ctx context.Context, db *gorm.DB, now time.Time, retention time.Duration) error {
	today := now.UTC().Truncate(day)
	oldest := today.Add(-retention)
	var failures []error
	for _, parent := range []string{"changes", "attempts"} {
		for ahead := range daysAhead + 1 {
			failures = append(failures, prepare(ctx, db, parent, today.Add(time.Duration(ahead)*day)))
		}
		failures = append(failures, dropOld(ctx, db, parent, oldest), deleteOld(ctx, db, parent, oldest))
	}
	if err := db.WithContext(ctx).Exec(`DELETE FROM rollups WHERE minute < ?`, oldest).Error; err != nil {
		failures = append(failures, fmt.Errorf("delete old rollups: %w", err))
	}
	return errors.Join(failures...)
}

func prepare(ctx context.Context, db *gorm.DB, parent string, of time.Time) error {
	return exclusive(ctx, db, func(tx *gorm.DB) error {
		if err := tx.Exec(`SELECT ledger_prepare(?, ?::date)`, parent, of.Format(time.DateOnly)).Error; err != nil {
			return fmt.Errorf("make the partition of %s for %s: %w", parent, of.Format(time.DateOnly), err)
		}
		return nil
	})
}

var partitionName = regexp.MustCompile(`^(changes|attempts)_([0-9]{8})$`)

// dropOld drops the partitions of the days before oldest.
func dropOld(ctx context.Context, db *gorm.DB, parent string, oldest time.Time) error {
	var names []string
	err := db.WithContext(ctx).Raw(
		`SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = ?::regclass ORDER BY 1`,
		parent).Scan(&names).Error
	if err != nil {
		return fmt.Errorf("list the partitions of %s: %w", parent, err)
	}
	for _, name := range names {
		parts := partitionName.FindStringSubmatch(name)
		if parts == nil || parts[2] >= oldest.Format("20060102") {
			continue
		}
		err := exclusive(ctx, db, func(tx *gorm.DB) error { return tx.Exec("DROP TABLE IF EXISTS " + name).Error })
		if err != nil {
			return fmt.Errorf("drop partition %s: %w", name, err)
		}
	}
	return nil
}

// deleteBatch keeps a delete from the default partition short.
const deleteBatch = 10_000

// deleteOld deletes what the default partition has of the days before oldest.
func deleteOld(ctx context.Context, db *gorm.DB, parent string, oldest time.Time) error {
	for {
		result := db.WithContext(ctx).Exec(`DELETE FROM `+parent+`_default WHERE id IN (
			SELECT id FROM `+parent+`_default WHERE id < ? ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED)`, floor(oldest), deleteBatch)
		if result.Error != nil {
			return fmt.Errorf("delete old lines of %s: %w", parent, result.Error)
		}
		if result.RowsAffected < deleteBatch {
			return nil
		}
	}
}

// lockPatience is how long writers may be held up by maintenance that waits for a lock, and tries again later.
const lockPatience = "200ms"

// exclusive runs f in a transaction that gives up soon when it would have to wait for a lock, since everybody who comes
// after it would wait too. Another replica doing the same is not a failure.
func exclusive(ctx context.Context, db *gorm.DB, f func(tx *gorm.DB) error) error {
	err := db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec(`SET LOCAL lock_timeout = '` + lockPatience + `'`).Error; err != nil {
			return err
		}
		var mine bool
		if err := tx.Raw(`SELECT pg_try_advisory_xact_lock(hashtextextended('datasync ledger ' || current_schema(), 0))`).Scan(&mine).Error; err != nil {
			return err
		}
		if !mine {
			return nil
		}
		return f(tx)
	})
	var refused *pgconn.PgError
	const lockNotAvailable = "55P03"
	if errors.As(err, &refused) && refused.Code == lockNotAvailable {
		return fmt.Errorf("busy: %w", err)
	}
	return err
}
