package connector

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/datasync-dev/datasync/pkg/postgres"
)

// opening is the transaction in which a single event was stored and its record claimed. It stays open until the turn at
// the record writes for the first time or makes a call, which saves a commit: each waits for the disk, and most turns begin
// with a decision that takes no time.
type opening struct {
	conn  *pgx.Conn
	until time.Time
	ended chan error // gets the outcome
}

// beginSQL lets the server end an opening whose program was frozen or cut off: it holds the record's row.
const beginSQL = `SET LOCAL idle_in_transaction_session_timeout = '2s'`

// errNotOpened ends a turn whose record was not claimed after all. Whoever stored the event knows why.
var errNotOpened = errors.New("the record was not claimed")

// commitOpening commits the opening of the turn, if that has not ended, together with other statements.
func (j *job) commitOpening(ctx context.Context, others ...postgres.Statement) error {
	o := j.opening
	if o == nil {
		return nil
	}
	j.opening = nil
	ctx, cancel := context.WithDeadline(ctx, o.until)
	defer cancel()
	batch, err := postgres.NewBatch(others...)
	if err == nil {
		batch.Queue("COMMIT")
		err = o.conn.SendBatch(ctx, batch).Close()
	}
	if o.ended <- err; err != nil {
		return errNotOpened
	}
	return nil
}

// open stores an event and begins the turn at its record in the same transaction. It returns how many records it has
// claimed: one or none.
func (e *Engine) open(ctx context.Context, a arrived) (claimed int, err error) {
	until := time.Now().Add(claimTimeout)
	batch, err := a.batch(postgres.Statement{SQL: "BEGIN"}, postgres.Statement{SQL: beginSQL})
	if err != nil {
		return 0, err
	}
	err = postgres.OnConn(ctx, e.o.DB, func(conn *pgx.Conn) error {
		links, err := e.leaseOn(ctx, conn, batch, claimTheseSQL, 1, a.ids)
		if err != nil {
			return err
		}
		if claimed = len(links); claimed == 0 || links[0].erased() { // an erasure has a transaction of its own
			if _, err = conn.Exec(ctx, "COMMIT"); err == nil {
				e.begin(ctx, links, nil)
			}
			return err
		}
		o := &opening{conn: conn, until: until, ended: make(chan error, 1)}
		e.begin(ctx, links, o)
		return <-o.ended
	})
	return claimed, err
}
