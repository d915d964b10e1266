package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

const (
	publishTimeout = 10 * time.Second // a transaction must not stay open for a broker that does not answer
	batchTimeout   = publishTimeout + 10*time.Second
)

// outcome is what became of one batch.
type outcome struct {
	rows   int  // rows found
	sent   int  // published and deleted
	locked bool // another relay is at work, and there is work
}

// lockSQL takes the lock of this outbox until the end of the transaction. It has to be a statement of its own: the next
// one then sees what the relay that had the lock before has deleted.
const lockSQL = `SELECT pg_try_advisory_xact_lock(hashtextextended('datasync outbox ' || current_schema(), 0))`

const existsSQL = `SELECT EXISTS (SELECT FROM outbox)`

// selectSQL leaves out the routes that wait for their next try, so that they hold up nobody. NOT IN, because PostgreSQL
// turns NOT EXISTS into a join that reads and sorts the whole table: 60 ms a batch at 100,000 rows, and not 0.2.
const selectSQL = `
SELECT id, exchange, key, message_id, headers::text AS headers, body, message_time FROM outbox
WHERE (exchange, key) NOT IN (SELECT exchange, key FROM jsonb_to_recordset(?::jsonb) AS waiting (exchange text, key text))
ORDER BY id LIMIT ?`

// deleteSQL makes an array of the ids: PostgreSQL would join the table with a set of them, and read it to its end.
const deleteSQL = `
DELETE FROM outbox WHERE id = ANY (ARRAY(SELECT value::bigint FROM jsonb_array_elements_text(?::jsonb)))`

// batch publishes the oldest rows and deletes those that the broker has confirmed, in one transaction. When ctx ends
// during the publishing, what was confirmed until then is still deleted.
func (r *Relay) batch(ctx context.Context) (done outcome, err error) {
	if err := ctx.Err(); err != nil {
		return done, err
	}
	unhurried, cancel := context.WithTimeout(context.WithoutCancel(ctx), batchTimeout)
	defer cancel()
	if r.polling {
		if waiting, err := r.waiting(unhurried); err != nil || !waiting {
			return done, err
		}
	}
	var failed error // of the batch as a whole: no reason to roll back
	err = r.db.WithContext(unhurried).Transaction(func(tx *gorm.DB) error {
		var locked bool
		if err := tx.Raw(lockSQL).Scan(&locked).Error; err != nil {
			return fmt.Errorf("lock the outbox: %w", err)
		}
		if !locked {
			return tx.Raw(existsSQL).Scan(&done.locked).Error
		}
		rows, err := r.oldest(tx, time.Now())
		if err != nil || len(rows) == 0 {
			return err
		}
		done.rows = len(rows)
		var confirmed []int64
		confirmed, failed = r.publish(ctx, rows)
		done.sent = len(confirmed)
		return remove(tx, confirmed)
	})
	if err != nil {
		done.sent = 0
		return done, fmt.Errorf("outbox: %w", err)
	}
	r.metrics.published.Add(float64(done.sent))
	return done, failed
}

// waiting reports, without a transaction, whether there is anything to publish.
func (r *Relay) waiting(ctx context.Context) (waiting bool, err error) {
	if err := r.db.WithContext(ctx).Raw(existsSQL).Scan(&waiting).Error; err != nil {
		return false, fmt.Errorf("look at the outbox: %w", err)
	}
	if !waiting {
		r.routes.forget(time.Now(), nil)
	}
	return waiting, nil
}

func (r *Relay) oldest(tx *gorm.DB, now time.Time) ([]row, error) {
	waiting, err := json.Marshal(r.routes.waiting(now))
	if err != nil {
		return nil, err
	}
	var rows []row
	if err := tx.Raw(selectSQL, string(waiting), r.o.Batch).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	if len(rows) < r.o.Batch {
		r.routes.forget(now, rows)
	}
	return rows, nil
}

func remove(tx *gorm.DB, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	encoded, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	if err := tx.Exec(deleteSQL, string(encoded)).Error; err != nil {
		return fmt.Errorf("delete from the outbox: %w", err)
	}
	return nil
}

// publish returns the ids of the rows that were confirmed, and an error when the failure concerns more than some routes.
func (r *Relay) publish(ctx context.Context, rows []row) (confirmed []int64, failed error) {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	msgs := make([]rabbitmq.Message, 0, len(rows))
	for _, row := range rows {
		m, err := row.message()
		if err != nil {
			return nil, err
		}
		msgs = append(msgs, m)
	}
	results := r.publisher.Publish(ctx, msgs)
	if len(results) != len(msgs) {
		return nil, fmt.Errorf("the publisher returned %d results for %d messages", len(results), len(msgs))
	}
	now := time.Now()
	for i, err := range results {
		if err == nil {
			confirmed = append(confirmed, rows[i].ID)
			continue
		}
		r.metrics.failed.WithLabelValues(reason(err)).Inc()
		if !aboutRoute(err) {
			failed = err
		}
	}
	if failed == nil {
		r.routes.note(ctx, now, msgs, results)
	}
	return confirmed, failed
}

// aboutRoute reports whether err speaks of where this one message goes, and not of the broker as a whole.
func aboutRoute(err error) bool {
	for _, kind := range []error{
		rabbitmq.ErrUnroutable, rabbitmq.ErrNacked, rabbitmq.ErrRefused, rabbitmq.ErrInvalid,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}
