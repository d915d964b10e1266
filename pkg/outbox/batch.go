package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/datasync-dev/datasync/pkg/postgres"
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

// lockSQL takes the lock of this outbox until the end of the transaction, or tells whether there is work for who has it.
// It has to be a statement of its own: the next one then sees what the relay that had the lock before has deleted. The
// commit does not wait for the disk: rows that come back after a crash of the database are published once more, as after a
// crash of ours between the confirm and the commit. The server ends the transaction of a relay that was frozen or cut off,
// or nobody else could take the lock.
const lockSQL = `
WITH lock AS MATERIALIZED (SELECT set_config('datasync.relaying',
    pg_try_advisory_xact_lock(hashtextextended('datasync outbox ' || current_schema(), 0))::text, true) = 'true' AS mine,
    set_config('synchronous_commit', 'off', true) AS hasty, set_config('idle_in_transaction_session_timeout', '30s', true) AS limited)
SELECT mine, NOT mine AND EXISTS (SELECT FROM outbox) FROM lock`

const existsSQL = `SELECT EXISTS (SELECT FROM outbox)`

// selectSQL leaves out the routes that wait for their next try, so that they hold up nobody. NOT IN, because PostgreSQL
// turns NOT EXISTS into a join that reads and sorts the whole table: 60 ms a batch at 100,000 rows, and not 0.2.
const selectSQL = `
SELECT id, exchange, key, message_id, headers::text AS headers, body, message_time FROM outbox
WHERE current_setting('datasync.relaying') = 'true'
    AND (exchange, key) NOT IN (SELECT exchange, key FROM jsonb_to_recordset($1::jsonb) AS waiting (exchange text, key text))
ORDER BY id LIMIT $2`

// deleteSQL takes an array of ids: PostgreSQL would join the table with a set of them, and read it to its end.
const deleteSQL = `DELETE FROM outbox WHERE id = ANY ($1::bigint[])`

// batch publishes the oldest rows and deletes those that the broker has confirmed, in one transaction of two round trips.
// When ctx ends during the publishing, what was confirmed until then is still deleted.
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
	err = postgres.OnConn(unhurried, r.db, func(conn *pgx.Conn) error {
		rows, err := r.take(unhurried, conn, &done)
		if err != nil {
			return err
		}
		var confirmed []int64
		if len(rows) > 0 {
			confirmed, failed = r.publish(ctx, rows)
		}
		done.sent = len(confirmed)
		return remove(unhurried, conn, confirmed)
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

// take begins the transaction, and reads the oldest rows if no other relay is at work.
func (r *Relay) take(ctx context.Context, conn *pgx.Conn, done *outcome) (rows []row, err error) {
	now := time.Now()
	waiting, err := json.Marshal(r.routes.waiting(now))
	if err != nil {
		return nil, err
	}
	var mine bool
	batch := &pgx.Batch{}
	batch.Queue("BEGIN")
	batch.Queue(lockSQL).QueryRow(func(lock pgx.Row) error { return lock.Scan(&mine, &done.locked) })
	batch.Queue(selectSQL, string(waiting), r.o.Batch).Query(func(found pgx.Rows) (err error) {
		rows, err = pgx.CollectRows(found, scan)
		return err
	})
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("read the outbox: %w", err)
	}
	done.rows = len(rows)
	if mine && len(rows) < r.o.Batch {
		r.routes.forget(now, rows)
	}
	return rows, nil
}

func scan(found pgx.CollectableRow) (r row, err error) {
	err = found.Scan(&r.ID, &r.Exchange, &r.Key, &r.MessageID, &r.Headers, &r.Body, &r.MessageTime)
	return r, err
}

// remove deletes rows and ends the transaction.
func remove(ctx context.Context, conn *pgx.Conn, ids []int64) error {
	batch := &pgx.Batch{}
	if len(ids) > 0 {
		batch.Queue(deleteSQL, ids)
	}
	batch.Queue("COMMIT")
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
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
