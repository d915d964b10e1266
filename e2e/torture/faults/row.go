package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/datasync-dev/datasync/e2e/torture/internal/drive"
	"github.com/datasync-dev/datasync/pkg/record"
)

// row is one row of the failure table.
type row struct {
	name  string
	short bool // CI plays it
	nodes int  // of RabbitMQ that it needs at least

	hold   time.Duration // how long it stays broken while people write
	breaks func(context.Context, *rig) error
	during func(context.Context, *rig, traffic) (string, error) // what has to be so while it is broken; after hold
	mends  func(context.Context, *rig) error
}

// one plays a row.
func (r *rig) one(ctx context.Context, one row) (string, error) {
	if err := one.breaks(ctx, r); err != nil {
		return "", fmt.Errorf("break it: %w", err)
	}
	seen, written, err := r.traffic(ctx, one.hold)
	said := seen.String()
	if err == nil && one.during != nil {
		var more string
		more, err = one.during(ctx, r, seen)
		said += more
	}
	if one.mends != nil {
		if mended := one.mends(ctx, r); mended != nil {
			return said, errors.Join(err, fmt.Errorf("mend it: %w", mended))
		}
	}
	// What nobody accepted while it was broken is accepted now. A write must not be given up: it may have been made.
	err = errors.Join(err, written())
	took, unrest := r.rest(ctx)
	return fmt.Sprintf("%s; at rest %.1f s after it was mended", said, took.Seconds()), errors.Join(err, unrest)
}

// traffic is what people saw who wrote on both sides while something was broken.
type traffic struct {
	answers           map[int]int // of the catalog, by status; 0: none
	slowest           time.Duration
	edits             int // by hand at Stripe
	delivered, failed int // webhooks
}

func (t traffic) String() string {
	if t.answers == nil {
		return "nobody wrote meanwhile"
	}
	return fmt.Sprintf("catalog answered %v, slowest %d ms; %d edits at Stripe, %d webhooks taken, %d tries failed",
		t.answers, t.slowest.Milliseconds(), t.edits, t.delivered, t.failed)
}

// traffic writes for a while: every customer in turn, on both sides at once, ten times a second. A write that is not
// accepted is made again, and again, until it is; written waits for those that are left.
func (r *rig) traffic(ctx context.Context, d time.Duration) (t traffic, written func() error, err error) {
	answers, people := r.writers.People.CatalogAnswers(), r.writers.People
	before, err := r.checker.Stats(ctx)
	if err != nil || d == 0 {
		return t, func() error { return nil }, err
	}
	limited, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var writers errgroup.Group
	var slowest, edits atomic.Int64
	writers.Go(func() error {
		return r.write(ctx, limited, func(s *drive.Subject) error {
			began := time.Now()
			err := people.WriteInCatalog(ctx, s, record.Patch{"name": r.value("name")})
			slowest.Store(max(slowest.Load(), int64(time.Since(began))))
			return err
		})
	})
	writers.Go(func() error {
		return r.write(ctx, limited, func(s *drive.Subject) error {
			edits.Add(1)
			return people.WriteAtStripe(ctx, s, record.Patch{"phone": r.value("phone")})
		})
	})
	<-limited.Done()
	after, err := r.checker.Stats(ctx)
	t = traffic{
		answers: people.CatalogAnswers(), slowest: time.Duration(slowest.Load()), edits: int(edits.Load()),
		delivered: after.Deliveries.OK - before.Deliveries.OK, failed: after.Deliveries.Failed - before.Deliveries.Failed,
	}
	for status, count := range answers {
		if t.answers[status] -= count; t.answers[status] == 0 {
			delete(t.answers, status)
		}
	}
	return t, writers.Wait, err
}

// write writes to one customer after the other until limited ends.
func (r *rig) write(ctx, limited context.Context, one func(*drive.Subject) error) error {
	tick := time.NewTicker(2 * interval)
	defer tick.Stop()
	for n := 0; ctx.Err() == nil; n++ {
		if err := one(r.known[n%len(r.known)]); err != nil {
			return err
		}
		select {
		case <-limited.Done():
			return nil
		case <-tick.C:
		}
	}
	return ctx.Err()
}

// accepted: every write and every webhook was taken although something was broken.
func accepted(_ context.Context, _ *rig, t traffic) (string, error) {
	switch {
	case t.answers[http.StatusOK] == 0 || t.edits == 0 || t.delivered == 0:
		return "", errors.New("nothing was accepted")
	case len(t.answers) > 1:
		return "", fmt.Errorf("not every write was accepted: %v", t.answers)
	case t.failed > 0:
		return "", fmt.Errorf("%d webhooks were not taken", t.failed)
	}
	return "", nil
}
