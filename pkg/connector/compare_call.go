package connector

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/datasync-dev/datasync/pkg/jobs"
)

const (
	share       = 0.25 // of the connector's rate is what a comparison takes unless told otherwise
	defaultRate = 25   // calls per second that a remote is taken to bear which does not say
	maxFailures = 40   // calls in a row that may fail before a comparison gives up: about two hours
)

// ask makes one call of a comparison: at its pace, in the bulk lane, and only while the remote works. What may go away by
// itself puts the job off.
func (c *comparison) ask(ctx context.Context, op string, call func(context.Context) error) error {
	if err := c.Ready(); err != nil {
		return &jobs.Later{After: c.o.Probe, Err: err}
	}
	if err := c.pace(ctx); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(WithBulk(ctx), c.o.CallTimeout)
	defer cancel()
	started := time.Now()
	err := call(limited)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.metrics.called(op, err, time.Since(started))
	if err == nil || errors.Is(err, ErrGone) {
		c.at.Failures = 0
		return err
	}
	return c.putOff(ctx, classify(err))
}

// putOff says when to go on after a failure.
func (c *comparison) putOff(ctx context.Context, failure *Error) error {
	c.at.Failures++
	if failure.Class == Permanent || c.at.Failures > maxFailures {
		return failure
	}
	if err := c.commit(ctx, nil); err != nil {
		return err
	}
	after := c.o.Backoff(c.at.Failures)
	switch failure.Class {
	case Throttled:
		after = max(failure.After, c.o.Backoff(1))
	case Operator:
		after = c.o.Probe
	case Transient, Permanent:
	}
	return &jobs.Later{After: after, Err: failure}
}

// rate is how many calls per second the connector allows itself now.
func (c *comparison) rate() float64 {
	if limited, ok := c.o.Remote.(Limited); ok && limited.Rate() > 0 {
		return limited.Rate()
	}
	return defaultRate
}

// pace waits until the next call is due.
func (c *comparison) pace(ctx context.Context) error {
	rate := c.asked.Rate
	if rate == 0 {
		rate = c.rate() * share
	}
	due := c.paced.Add(time.Duration(float64(time.Second) / rate))
	c.paced = time.Now()
	wait := due.Sub(c.paced)
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		c.paced = due
		return nil
	}
}

// get reads one object; nil when it is gone.
func (c *comparison) get(ctx context.Context, id string) (object *Object, err error) {
	err = c.ask(ctx, "get", func(ctx context.Context) error {
		found, err := c.o.Remote.Get(ctx, id)
		if err == nil {
			object = &found
		}
		return err
	})
	if errors.Is(err, ErrGone) {
		return nil, nil
	}
	return object, err
}

// page reads a page of the listing.
func (c *comparison) page(ctx context.Context) (page Page, err error) {
	err = c.ask(ctx, "list", func(ctx context.Context) (err error) {
		page, err = c.o.Remote.List(ctx, c.at.Cursor)
		return err
	})
	if errors.Is(err, ErrGone) {
		return page, fmt.Errorf("the remote has no listing: %w", err)
	}
	return page, err
}
