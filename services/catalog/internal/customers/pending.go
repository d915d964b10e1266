package customers

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/event"
)

const (
	// followedAtOnce is how many customers a step of FollowPending looks at, ties of the last one aside.
	followedAtOnce = 10_000
	// waitingLimit is how many customers are written down as waiting. When so many wait, a list that is read from its
	// beginning finds them without help.
	waitingLimit = 10_000
)

// FollowPending writes down which customers wait for a remote, as far as it has got: with that, those that do are
// found among millions without a look at each. It goes on from where it, or another replica, has stopped, and returns
// when nothing is left to look at. Neither writes nor reports do anything for it.
func FollowPending(ctx context.Context, db *gorm.DB, remote string) error {
	err := db.WithContext(ctx).Exec(`INSERT INTO sync_followed (remote, until) VALUES (?, '-infinity') ON CONFLICT DO NOTHING`, remote).Error
	for more := true; more && err == nil; {
		err = db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			more, err = followPending(tx, remote)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("follow what waits for %s: %w", remote, err)
	}
	return nil
}

// followPending is one step, and reports whether there is another to take at once.
//
// A customer begins to wait only with a write, which sets its updated_at to the time at which the transaction began. So
// no write that is still to come, or to be seen, has a time before that of the oldest transaction at work. That time has
// to be asked for first: a transaction that commits between the two statements is seen by the second. The five seconds
// are for a transaction that has begun and does not show yet. Where all that is younger than what was reached, the clock
// was set back: what was written since the last turn is looked at again.
func followPending(tx *gorm.DB, remote string) (more bool, err error) {
	var at struct{ Mine, Full bool }
	err = tx.Raw(`
		SELECT true AS mine, (SELECT count(*) >= ? FROM sync_waiting WHERE remote = f.remote) AS "full"
		FROM sync_followed f WHERE remote = ? FOR UPDATE SKIP LOCKED`, waitingLimit, remote).Scan(&at).Error
	if err != nil || !at.Mine { // another replica is at it
		return false, err
	}
	err = tx.Exec(`
		DELETE FROM sync_waiting w USING customers c LEFT JOIN customer_sync s ON s.customer_id = c.id AND s.remote = ?
		WHERE w.remote = ? AND c.id = w.customer_id AND `+effectiveState+` <> 'pending'`, remote, remote).Error
	if err != nil || at.Full { // the next turn sees whether there is room again
		return false, err
	}
	var limit time.Time
	err = tx.Raw(`
		SELECT least(now(), min(xact_start)) - interval '5 seconds' FROM pg_stat_activity
		WHERE datname = current_database() AND backend_type = 'client backend'`).Scan(&limit).Error
	if err != nil {
		return false, err
	}
	err = tx.Raw(`
		WITH page AS MATERIALIZED (
			SELECT c.id, c.version, c.generation, c.held, c.updated_at FROM customers c
			WHERE c.updated_at >= (SELECT until FROM sync_followed WHERE remote = @remote) AND c.updated_at < @limit
			ORDER BY c.updated_at FETCH FIRST @many ROWS WITH TIES),
		noted AS (
			INSERT INTO sync_waiting (remote, customer_id)
			SELECT @remote, c.id FROM page c LEFT JOIN customer_sync s ON s.customer_id = c.id AND s.remote = @remote
			WHERE `+effectiveState+` = 'pending' ON CONFLICT DO NOTHING),
		reached AS (SELECT count(*) >= @many AS more, max(updated_at) + interval '1 microsecond' AS at FROM page)
		UPDATE sync_followed f SET until = CASE WHEN r.more THEN r.at WHEN @limit < f.until THEN CAST(@limit AS timestamptz) - interval '1 minute' ELSE @limit END
		FROM reached r WHERE f.remote = @remote RETURNING r.more`,
		map[string]any{"remote": remote, "limit": limit, "many": followedAtOnce}).Scan(&more).Error
	return more, err
}

// CountPending counts the customers that wait for a remote, up to a limit.
func CountPending(ctx context.Context, db *gorm.DB, remote string, limit int) (count int64, err error) {
	among, err := candidates(ctx, db, remote)
	if err != nil {
		return 0, err
	}
	waiting := among.apply(db.Table("customers AS c").Select("c.id"), remote).Limit(limit)
	if err := db.WithContext(ctx).Table("(?) AS waiting", waiting).Count(&count).Error; err != nil {
		return 0, fmt.Errorf("count what waits for %s: %w", remote, err)
	}
	return count, nil
}

// candidate is who may wait for a remote: whoever was written since then, and those with the ids.
type candidate struct {
	Since string // timestamptz as PostgreSQL writes it, which may be -infinity
	IDs   string // uuid[] likewise
	Many  int
}

func candidates(ctx context.Context, db *gorm.DB, remote string) (among candidate, err error) {
	// A report can say by itself that a customer waits, without any write.
	err = db.WithContext(ctx).Raw(`
		SELECT coalesce((SELECT until FROM sync_followed WHERE remote = @remote), '-infinity')::text AS since,
			ids::text AS ids, cardinality(ids) AS many
		FROM (SELECT ARRAY(
			SELECT customer_id FROM sync_waiting WHERE remote = @remote
			UNION SELECT customer_id FROM customer_sync WHERE remote = @remote AND state = 'pending' AND state <> 'synced'
			LIMIT @limit + 1) AS ids) AS noted`,
		map[string]any{"remote": remote, "limit": waitingLimit}).Scan(&among).Error
	if err != nil {
		return among, fmt.Errorf("find out what may wait for %s: %w", remote, err)
	}
	if among.Many > waitingLimit {
		among.Since, among.Many = "-infinity", 0 // anybody
	}
	return among, nil
}

// apply leaves those that do wait. What is compared are parameters, so that the planner knows how much they leave.
func (among candidate) apply(query *gorm.DB, remote string) *gorm.DB {
	query = query.Joins("LEFT JOIN customer_sync s ON s.customer_id = c.id AND s.remote = ?", remote).
		Where(effectiveState+" = ?", event.StatePending)
	if among.Many == 0 {
		return query.Where("c.updated_at >= ?::timestamptz", among.Since)
	}
	return query.Where("(c.updated_at >= ?::timestamptz OR c.id = ANY(?::uuid[]))", among.Since, among.IDs)
}
