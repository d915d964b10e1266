// Package backfill tells connectors about every customer again: those that were there before a connector was, or that
// it has lost. Versions make it harmless to do so twice, and while others write.
package backfill

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// Kind is the kind of the jobs that Handler does. Their arguments are an admin.BackfillRequest.
const Kind = "backfill"

const (
	maxPage     = 100
	pages       = 10  // per second, at most: live writes wait for no more than a page in the outbox and at the connector
	defaultRate = 200 // customers per second: more than most remotes take
	// maxBacklog is how long the oldest message may wait in the outbox before a backfill pauses: it shares the outbox with
	// live writes, which must not queue up behind it.
	maxBacklog = time.Second
	pause      = 200 * time.Millisecond
)

// position is where a backfill stands.
type position struct {
	After uuid.UUID `json:"after"`
}

// Handler walks over all customers by their ids, in pages, and puts a snapshot of each as it is now into the outbox.
// committed is called after each commit; it must not block.
func Handler(db *gorm.DB, committed func()) jobs.Handler {
	return func(ctx context.Context, run *jobs.Run) error {
		var asked admin.BackfillRequest
		var at position
		if err := run.Args(&asked); err != nil {
			return err
		}
		if err := run.Resume(&at, nil); err != nil {
			return err
		}
		if run.Total == 0 {
			if err := estimate(ctx, db, run); err != nil {
				return err
			}
		}
		if asked.Rate == 0 {
			asked.Rate = defaultRate
		}
		for {
			began := time.Now()
			told, err := page(ctx, run, asked, &at)
			if err != nil || told == 0 {
				return err
			}
			committed()
			if err := pace(ctx, db, began, told, asked.Rate); err != nil {
				return err
			}
		}
	}
}

// estimate says how much there is to do, without counting.
func estimate(ctx context.Context, db *gorm.DB, run *jobs.Run) error {
	err := db.WithContext(ctx).
		Raw(`SELECT greatest(0, reltuples)::bigint FROM pg_class WHERE oid = 'customers'::regclass`).Scan(&run.Total).Error
	if err != nil {
		return fmt.Errorf("estimate the number of customers: %w", err)
	}
	return nil
}

// page tells about the next customers, and that it has, in one transaction. It returns how many there were.
func page(ctx context.Context, run *jobs.Run, asked admin.BackfillRequest, at *position) (told int, err error) {
	done, after := run.Done, at.After
	err = run.CommitWith(ctx, func(tx *gorm.DB) (any, error) {
		list, err := customers.Walk(tx, at.After, int(min(maxPage, 1+asked.Rate/pages)))
		if err != nil || len(list) == 0 {
			return at, err
		}
		told, at.After = len(list), list[len(list)-1].ID
		run.Done += int64(told)
		return at, outbox.Append(tx, messages(list, asked.Offer)...)
	})
	if err == nil {
		return told, nil
	}
	run.Done, at.After = done, after
	if postgres.Deadlocked(err) { // with a write of several of these customers
		return 0, &jobs.Later{After: pause, Err: err}
	}
	return 0, err
}

func messages(list []customers.Customer, offer bool) []rabbitmq.Message {
	result := make([]rabbitmq.Message, 0, len(list))
	for _, c := range list {
		verb, snapshot := event.Updated, c.Snapshot()
		if snapshot.Deleted {
			verb = event.Deleted
		}
		snapshot.Bulk, snapshot.Offer = true, offer
		e := event.NewSnapshot(verb, snapshot)
		result = append(result, rabbitmq.Message{
			Exchange: event.EventsExchange, Key: e.Type, ID: e.ID, Body: e.JSON(), Time: e.Time,
		})
	}
	return result
}

// pace waits until the next page is due, and until the outbox has room for it.
func pace(ctx context.Context, db *gorm.DB, began time.Time, told int, rate float64) error {
	due := began.Add(time.Duration(float64(told) / rate * float64(time.Second)))
	if err := wait(ctx, time.Until(due)); err != nil {
		return err
	}
	for {
		oldest, _, err := outbox.Stats(ctx, db)
		if err != nil || oldest < maxBacklog {
			return err
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
