package connector

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/datasync-dev/datasync/pkg/postgres"
)

// claims are how links come to the workers of this process: the loop of Run takes what is due, and events and notices that
// find workers idle take their records along, in the transaction that stores them. One at a time: who claims holds mu until
// that is committed.
type claims struct {
	mu       sync.Mutex
	made     int            // so far
	caughtUp bool           // nothing was left by the loop's last claim, and by events since: what comes in now passes nobody
	missed   atomic.Bool    // something came in while mu was held
	failing  streak         // of claims in the transaction that stores an event
	workers  sync.WaitGroup // who works on what was claimed
}

// left notes whether a claim, or what came in meanwhile, has left anything for the loop.
func (c *claims) left(some bool) {
	missed := c.missed.Swap(false)
	c.caughtUp = !some && !missed
}

// end waits for the workers, when the loop has ended. Then events claim nothing any more either.
func (c *claims) end() {
	c.mu.Lock()
	c.caughtUp = false
	c.mu.Unlock()
	c.workers.Wait()
}

// leaseSQL is the end of every claim: links under a new lease.
const leaseSQL = `
UPDATE links SET lease_token = lease_token + 1, lease_owner = $2, due_at = now() + make_interval(secs => $3)
WHERE kind = $1 AND local_id = ANY (ARRAY(SELECT local_id FROM due))
RETURNING kind, local_id, desired, desired_version, checks, overwritten, bulk, offered, repair, forced, origin,
    coalesce(event_id, '') AS event_id, event_trace, coalesce(remote_id, '') AS remote_id, shadow, version, generation,
    seq, pending, intent, last_key, pushes, doubt, checked, gone, state, error, attempts, held, marked, line, paused,
    discarded, due_at, updated_at, lease_token`

// claimSQL selects in CTEs of their own: as a subquery of the UPDATE they may be run again for every row of a join, and
// then take more than the limit. The ids become an array, because PostgreSQL takes the limit of a join for a tenth of all
// that is due, and reads the whole table for that. Live work comes first, but for the bulk links whose turn it is.
const claimSQL = `
WITH live AS MATERIALIZED (
    SELECT local_id FROM links WHERE kind = $1 AND NOT bulk AND due_at <= now() AND NOT paused ORDER BY due_at
    LIMIT $4 - (SELECT count(*) FROM
        (SELECT FROM links WHERE kind = $1 AND bulk AND due_at <= now() AND NOT paused LIMIT $6) AS waiting)
    FOR UPDATE SKIP LOCKED),
bulk AS MATERIALIZED (
    SELECT local_id FROM links WHERE kind = $1 AND bulk AND due_at <= now() AND NOT paused ORDER BY due_at
    LIMIT LEAST($5, $4 - (SELECT count(*) FROM live)) FOR UPDATE SKIP LOCKED),
due AS (SELECT local_id FROM live UNION ALL SELECT local_id FROM bulk)` + leaseSQL

// claimFreshSQL takes only what has not failed, whatever its lane.
const claimFreshSQL = `
WITH due AS MATERIALIZED (
    SELECT local_id FROM links WHERE kind = $1 AND due_at <= now() AND NOT paused AND fingerprint IS NULL
    ORDER BY bulk, due_at LIMIT $4 FOR UPDATE SKIP LOCKED)` + leaseSQL

// claimTheseSQL takes live links by their ids.
const claimTheseSQL = `
WITH due AS MATERIALIZED (
    SELECT local_id FROM links WHERE kind = $1 AND local_id = ANY ($5::uuid[]) AND NOT bulk AND due_at <= now() AND NOT paused
    ORDER BY local_id LIMIT $4 FOR UPDATE SKIP LOCKED)` + leaseSQL

// claimTimeout is how long a claim may take, with all that is in its transaction.
const claimTimeout = 10 * time.Second

// claimDue claims what is due, as far as there is room, and sets workers to it. It returns the room that is left. It
// claims even if ctx ends meanwhile: a claim that is broken off may be made all the same, and nobody would work on what
// it took.
func (e *Engine) claimDue(ctx context.Context) (claimed int, left lanes, err error) {
	if ctx.Err() != nil {
		return 0, lanes{}, ctx.Err()
	}
	e.claims.mu.Lock()
	defer e.claims.mu.Unlock()
	free := e.room()
	unhurried, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimTimeout)
	defer cancel()
	links, err := e.claim(unhurried, free)
	e.begin(ctx, links, nil)
	for _, l := range links {
		free.all--
		if l.Bulk {
			free.bulk--
		}
	}
	e.claims.left(err != nil || free.all <= 0)
	return len(links), free, err
}

// arrived is what came in about records.
type arrived struct {
	store  postgres.Statement
	read   func(pgx.Rows) error // what store returns; nil: nothing
	ids    []string             // of the live links that may be due when it is stored
	single bool                 // one event: its transaction may stay open until the turn at its record writes
}

// batch is the statement that stores it, after others.
func (a arrived) batch(before ...postgres.Statement) (*pgx.Batch, error) {
	batch, err := postgres.NewBatch(append(before, a.store)...)
	if err == nil && a.read != nil {
		batch.QueuedQueries[len(before)].Query(a.read)
	}
	return batch, err
}

// storeAndClaim stores what came in, and claims those of its links that idle workers can take at once, unless others are
// waiting. It returns false when it has not claimed all of them. Whatever is wrong with the claim, what came in is stored.
func (e *Engine) storeAndClaim(ctx context.Context, a arrived) (all bool, err error) {
	if len(a.ids) == 0 {
		return false, e.storeOnly(ctx, a)
	}
	if !e.claims.mu.TryLock() {
		e.claims.missed.Store(true)
		return false, e.storeOnly(ctx, a)
	}
	defer e.claims.mu.Unlock()
	free := e.room()
	if !e.claims.caughtUp || free.all == 0 || e.unresumed.Load() || e.breaker.allow(time.Now()).probe {
		e.claims.caughtUp = false
		return false, e.storeOnly(ctx, a)
	}
	claimed, err := e.storeWith(ctx, a, free.all)
	e.claims.left(err != nil || claimed < len(a.ids))
	if began, _ := e.claims.failing.note(err); began && ctx.Err() == nil {
		e.o.Log.WarnContext(ctx, "what comes in is stored without being claimed at once", slog.Any("error", err))
	}
	if err != nil {
		return false, e.storeOnly(ctx, a)
	}
	return claimed == len(a.ids), nil
}

// storeWith stores what came in, together with the claims of at most limit of its links. It returns how many were claimed.
func (e *Engine) storeWith(ctx context.Context, a arrived, limit int) (claimed int, err error) {
	// As with every claim, one that was made is not to be left alone.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimTimeout)
	defer cancel()
	if a.single {
		return e.open(ctx, a)
	}
	batch, err := a.batch()
	if err != nil {
		return 0, err
	}
	links, err := e.lease(ctx, batch, claimTheseSQL, limit, a.ids)
	e.begin(ctx, links, nil)
	return len(links), err
}

// storeOnly stores what came in, and claims nothing.
func (e *Engine) storeOnly(ctx context.Context, a arrived) error {
	batch, err := a.batch()
	if err != nil {
		return err
	}
	return postgres.OnConn(ctx, e.o.DB, func(conn *pgx.Conn) error { return conn.SendBatch(ctx, batch).Close() })
}

// room is how many more records may be claimed now.
func (e *Engine) room() lanes {
	if c := e.wanted(); c.Drain || c.unknown {
		return lanes{}
	}
	all, bulk := e.flights.room()
	return lanes{all: all, bulk: bulk}
}

// claim takes due links, as many as there is room for and the breaker allows. While that is open, it is one that has not
// failed yet, if there is one: what fails may be the records themselves.
func (e *Engine) claim(ctx context.Context, free lanes) ([]*link, error) {
	if e.unresumed.Load() {
		e.resume(ctx)
	}
	if free.all == 0 {
		return nil, nil
	}
	allowed := e.breaker.allow(time.Now())
	if !allowed.probe {
		return e.claimLanes(ctx, free)
	}
	if allowed.fresh {
		if links, err := e.lease(ctx, &pgx.Batch{}, claimFreshSQL, 1); err != nil || len(links) > 0 {
			return e.probe(links, true), err
		}
	}
	if allowed.old {
		links, err := e.claimLanes(ctx, lanes{all: 1, bulk: min(1, free.bulk)})
		return e.probe(links, false), err
	}
	return nil, nil
}

func (e *Engine) probe(links []*link, fresh bool) []*link {
	for _, l := range links {
		e.breaker.probing(l.LocalID, fresh, time.Now())
	}
	return links
}

// claimLanes takes live links before bulk ones, the oldest first.
func (e *Engine) claimLanes(ctx context.Context, share lanes) ([]*link, error) {
	e.claims.made++
	if share.bulk > 0 && e.claims.made%bulkTurn == 0 {
		share.first = 1
	}
	return e.lease(ctx, &pgx.Batch{}, claimSQL, share.all, share.bulk, share.first)
}

// lease runs a claim at the end of a batch, which is one transaction and one round trip. args are those from the fourth on.
func (e *Engine) lease(ctx context.Context, batch *pgx.Batch, sql string, args ...any) (links []*link, err error) {
	err = postgres.OnConn(ctx, e.o.DB, func(conn *pgx.Conn) (err error) {
		links, err = e.leaseOn(ctx, conn, batch, sql, args...)
		return err
	})
	return links, err
}

func (e *Engine) leaseOn(ctx context.Context, conn *pgx.Conn, batch *pgx.Batch, sql string, args ...any) (links []*link, err error) {
	until := time.Now().Add(e.o.Lease)
	args = append([]any{e.o.Kind, e.o.Instance, e.o.Lease.Seconds()}, args...)
	batch.Queue(sql, args...).Query(func(rows pgx.Rows) (err error) {
		links, err = pgx.CollectRows(rows, pgx.RowToAddrOfStructByNameLax[link])
		return err
	})
	if err := conn.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("claim links: %w", err)
	}
	for _, l := range links {
		l.leasedUntil = until
	}
	return links, nil
}
