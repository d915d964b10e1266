package connector

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// MaxWorkers is how many workers one replica can have.
const MaxWorkers = 512

// maxRate is the highest number of calls per second that can be asked for.
const maxRate = 100_000

// Limited is for a Remote that keeps its calls below a rate, which operators can then change.
type Limited interface {
	// SetRate sets the calls per second; 0 goes back to the configured rate.
	SetRate(perSecond float64)
	// Rate is the number of calls per second that are allowed now.
	Rate() float64
}

// ErrBadControl is wrapped by the error of SetControl when what is wanted cannot be.
var ErrBadControl = errors.New("not possible")

// wanted is what operators want, as this replica last heard. unknown: it has not been read yet.
type wanted struct {
	admin.Control

	unknown bool
}

func (e *Engine) wanted() wanted { return *e.control.Load() }

// workers is how many calls this replica makes at once.
func (e *Engine) workers() int {
	if c := e.wanted(); c.Workers != nil {
		return *c.Workers
	}
	return e.o.Workers
}

// paused reports whether operators have stopped a direction.
func (e *Engine) paused(direction hold) bool {
	c := e.wanted()
	return direction == holdOutbound && !c.Outbound || direction == holdInbound && !c.Inbound
}

// liveSQL counts the replicas that were seen lately. now() is the database's: the replicas' clocks do not matter.
const liveSQL = `
SELECT count(*) AS replicas, count(*) FILTER (WHERE revision >= ?) AS applied
FROM instances WHERE kind = ? AND seen_at > now() - make_interval(secs => ?)`

// Control returns what operators want, and how many replicas run by it.
func (e *Engine) Control(ctx context.Context) (admin.Control, error) {
	db := e.o.DB.WithContext(ctx)
	c, err := e.readControl(db)
	if err != nil {
		return c, err
	}
	var live struct{ Replicas, Applied int }
	if err := db.Raw(liveSQL, c.Revision, e.o.Kind, liveFor.Seconds()).Scan(&live).Error; err != nil {
		return c, fmt.Errorf("count replicas: %w", err)
	}
	c.Replicas, c.Applied = live.Replicas, live.Applied
	return c, nil
}

func (e *Engine) readControl(db *gorm.DB) (admin.Control, error) {
	var rows []controlRow
	err := db.Raw(`SELECT * FROM control WHERE kind = ?`, e.o.Kind).Scan(&rows).Error
	switch {
	case err != nil:
		return admin.Control{}, fmt.Errorf("read what operators want: %w", err)
	case len(rows) == 0:
		return admin.Control{Outbound: true, Inbound: true}, nil
	}
	return rows[0].control(), nil
}

type controlRow struct {
	Workers   *int
	Rate      *float64
	Outbound  bool
	Inbound   bool
	Drain     bool
	Revision  int64
	UpdatedAt *time.Time
	UpdatedBy string
}

func (r controlRow) control() admin.Control {
	c := admin.Control{
		Workers: r.Workers, Rate: r.Rate, Outbound: r.Outbound, Inbound: r.Inbound, Drain: r.Drain,
		Revision: r.Revision, UpdatedBy: r.UpdatedBy,
	}
	if r.UpdatedAt != nil {
		c.UpdatedAt = r.UpdatedAt.UTC()
	}
	return c
}

const setControlSQL = `
UPDATE control SET workers = ?, rate = ?, outbound = ?, inbound = ?, drain = ?, revision = revision + 1,
    updated_at = now(), updated_by = ?
WHERE kind = ?`

// SetControl changes what operators want of all replicas, in the caller's transaction; by is who wants it. Call Announce
// after the commit. edit gets what is wanted so far. An impossible wish is an error that wraps ErrBadControl.
func (e *Engine) SetControl(tx *gorm.DB, by string, edit func(*admin.Control)) (admin.Control, error) {
	if err := tx.Exec(`INSERT INTO control (kind) VALUES (?) ON CONFLICT DO NOTHING`, e.o.Kind).Error; err != nil {
		return admin.Control{}, fmt.Errorf("change what is wanted: %w", err)
	}
	if err := tx.Exec(`SELECT FROM control WHERE kind = ? FOR UPDATE`, e.o.Kind).Error; err != nil {
		return admin.Control{}, fmt.Errorf("change what is wanted: %w", err)
	}
	c, err := e.readControl(tx)
	if err != nil {
		return c, err
	}
	edit(&c)
	if err := checkControl(c); err != nil {
		return c, err
	}
	err = tx.Exec(setControlSQL, c.Workers, c.Rate, c.Outbound, c.Inbound, c.Drain, by, e.o.Kind).Error
	if err != nil {
		return c, fmt.Errorf("change what is wanted: %w", err)
	}
	return e.readControl(tx)
}

func checkControl(c admin.Control) error {
	if c.Workers != nil && (*c.Workers < 1 || *c.Workers > MaxWorkers) {
		return fmt.Errorf("%w: workers must be from 1 to %d; to stop them all, pause or drain", ErrBadControl, MaxWorkers)
	}
	if c.Rate != nil && !(*c.Rate > 0 && *c.Rate <= maxRate) {
		return fmt.Errorf("%w: rate must be above 0 and at most %d calls per second; to stop all calls, pause", ErrBadControl, maxRate)
	}
	return nil
}

// Refresh makes this replica look at once what operators want. It never blocks.
func (e *Engine) Refresh() {
	select {
	case e.changed <- struct{}{}:
	default:
	}
}

// Announce tells all replicas that what operators want has changed; those that do not hear it look every few seconds.
func (e *Engine) Announce() {
	e.Refresh()
	e.o.Announce()
}

// keepControl follows what operators want, and tells what this replica does, until ctx ends.
func (e *Engine) keepControl(ctx context.Context) {
	tick := time.NewTicker(e.o.Heartbeat)
	defer tick.Stop()
	for failing := false; ; {
		err := e.Heartbeat(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !failing:
			e.o.Log.WarnContext(ctx, "what operators want cannot be read; what was wanted last goes on", slog.Any("error", err))
		case err == nil && failing:
			e.o.Log.InfoContext(ctx, "what operators want can be read again")
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-e.changed:
		case <-tick.C:
		}
	}
}

// Heartbeat reads what operators want, does it, and tells what this replica does. Run calls it every few seconds.
func (e *Engine) Heartbeat(ctx context.Context) error {
	c, err := e.readControl(e.o.DB.WithContext(ctx))
	if err != nil {
		return err
	}
	if before := e.wanted(); before.unknown || before.Revision != c.Revision {
		e.apply(ctx, c)
	}
	if err := e.releaseHeld(ctx); err != nil {
		return err
	}
	if err := e.tellNoticed(ctx); err != nil {
		return err
	}
	return e.beat(ctx)
}

func (e *Engine) apply(ctx context.Context, c admin.Control) {
	e.control.Store(&wanted{Control: c})
	e.flights.resize(e.workers())
	e.o.Scaled(e.workers())
	if limited, ok := e.o.Remote.(Limited); ok {
		rate := 0.0
		if c.Rate != nil {
			rate = *c.Rate
		}
		limited.SetRate(rate)
	}
	if c.Revision > 0 {
		e.o.Log.InfoContext(ctx, "runs by what operators want",
			slog.Int64("revision", c.Revision), slog.Int("workers", e.workers()), slog.Bool("outbound", c.Outbound),
			slog.Bool("inbound", c.Inbound), slog.Bool("drain", c.Drain), slog.String("by", c.UpdatedBy))
	}
	e.freed()
	e.Wake()
}

// releaseSQL makes due, a batch at a time, what rests only because a direction was paused that is paused no more.
const releaseSQL = `
WITH waiting AS (
    SELECT kind, local_id FROM links WHERE kind = ? AND held > 0 AND held & ? > 0 AND due_at IS NULL LIMIT 5000 FOR UPDATE SKIP LOCKED)
UPDATE links SET due_at = now() FROM waiting WHERE links.kind = waiting.kind AND links.local_id = waiting.local_id`

// releaseHeld is called again and again: a worker may write back that it waits after the direction was resumed.
func (e *Engine) releaseHeld(ctx context.Context) error {
	var runs hold
	for _, direction := range []hold{holdOutbound, holdInbound} {
		if !e.paused(direction) {
			runs |= direction
		}
	}
	for runs != 0 {
		result := e.o.DB.WithContext(ctx).Exec(releaseSQL, e.o.Kind, int(runs))
		if result.Error != nil {
			return fmt.Errorf("take up what waited for a paused direction: %w", result.Error)
		}
		if result.RowsAffected == 0 {
			break
		}
		e.Wake()
	}
	return nil
}
