package connector

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// claimSweepSQL lets one of all replicas sweep at a time, and tells for how long nobody has. The first time counts from
// now: a start is no reason to look at everything.
const claimSweepSQL = `
INSERT INTO sweeps AS s (kind, swept_at) VALUES (?, now())
ON CONFLICT (kind) DO UPDATE SET swept_at = now() WHERE s.swept_at <= now() - make_interval(secs => ?)
RETURNING (SELECT extract(epoch FROM now() - swept_at) FROM sweeps WHERE kind = ?) AS passed, position`

// sweepSQL raises the check of the next records that rest, and returns how far it got. One that was seen lately, because
// it moved, needs no look.
const sweepSQL = `
WITH next AS MATERIALIZED (
    SELECT kind, local_id FROM links
    WHERE kind = ? AND local_id > ? AND remote_id IS NOT NULL AND NOT gone AND NOT paused
    ORDER BY local_id LIMIT ? FOR UPDATE SKIP LOCKED
), raised AS (
    UPDATE links SET ` + unannounced + `checks = checks + 1, bulk = true, due_at = now() FROM next
    WHERE links.kind = next.kind AND links.local_id = next.local_id AND links.due_at IS NULL AND links.state NOT IN ('failed', 'discarded')
        AND COALESCE(links.looked_at < now() - make_interval(secs => ?), true)
    RETURNING links.local_id
)
SELECT (SELECT max(local_id::text) FROM next) AS position, (SELECT count(*) FROM next) AS passed, (SELECT count(*) FROM raised) AS raised`

// Sweep makes due to be looked at as many records as it takes for each to be looked at once in SweepEvery, and returns
// how many. While live work waits it makes none due: a sweep catches up later. Upkeep calls it.
func (e *Engine) Sweep(ctx context.Context) (raised int, err error) {
	raised, _, err = e.sweep(ctx)
	return raised, err
}

// sweep is Sweep, and says after which time the next one has something to do.
func (e *Engine) sweep(ctx context.Context) (raised int, next time.Duration, err error) {
	if e.o.SweepEvery <= 0 || e.breaker.isOpen() || e.paused(holdInbound) || e.wanted().Drain {
		return 0, sweepSoon, nil
	}
	err = e.o.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		raised, next, err = e.raise(tx)
		return err
	})
	if err != nil {
		return 0, sweepSoon, fmt.Errorf("sweep: %w", err)
	}
	if raised > 0 {
		e.Wake()
	}
	return raised, max(sweepSoon, min(next, sweepLate)), nil
}

// raise does a sweep inside tx. apart is how long there is between two records; 0: that is not known now.
func (e *Engine) raise(tx *gorm.DB) (raised int, apart time.Duration, err error) {
	busy, err := e.counted(tx, `due_at <= now() - interval '1 second' AND NOT paused`)
	if err != nil || busy > 0 {
		return 0, 0, err
	}
	total, err := e.estimate(tx)
	if err != nil {
		return 0, 0, err
	}
	apart = e.o.SweepEvery / time.Duration(max(1, total)) // between two records
	var turn []struct {
		Passed   *float64
		Position string
	}
	err = tx.Raw(claimSweepSQL, e.o.Kind, apart.Seconds(), e.o.Kind).Scan(&turn).Error
	if err != nil || len(turn) == 0 || turn[0].Passed == nil {
		return 0, apart, err
	}
	// Never more than there are workers: live work that comes in meanwhile waits for one call at most.
	n := min(e.workers(), max(1, int(*turn[0].Passed*float64(time.Second)/float64(max(1, apart)))))
	raised, err = e.raiseNext(tx, turn[0].Position, n)
	return raised, apart, err
}

// raiseNext raises the checks of the n records after a position; after the last one it begins again.
func (e *Engine) raiseNext(tx *gorm.DB, position string, n int) (int, error) {
	var found struct {
		Position *string
		Passed   int
		Raised   int
	}
	// Half the period: a record that was looked at in the half before is looked at again in the next lap.
	err := tx.Raw(sweepSQL, e.o.Kind, position, n, (e.o.SweepEvery / 2).Seconds()).Scan(&found).Error
	if err != nil {
		return 0, err
	}
	next := "00000000-0000-0000-0000-000000000000"
	if found.Passed == n {
		next = *found.Position
	}
	return found.Raised, tx.Exec(`UPDATE sweeps SET position = ? WHERE kind = ?`, next, e.o.Kind).Error
}

// estimate is about how many links there are: counted when there are few, else what the database believes.
func (e *Engine) estimate(db *gorm.DB) (total int64, err error) {
	total, err = e.counted(db, `true`)
	if err != nil || total < maxCount {
		return total, err
	}
	err = db.Raw(`SELECT GREATEST(?, (SELECT reltuples::bigint FROM pg_class WHERE oid = 'links'::regclass))`, total).Scan(&total).Error
	if err != nil {
		return 0, fmt.Errorf("estimate the number of links: %w", err)
	}
	return total, nil
}
