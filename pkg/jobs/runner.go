package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/postgres"
)

// Options of a Runner. DB, Kinds and Log are required.
type Options struct {
	DB        *gorm.DB
	Kinds     map[string]Handler // by kind; jobs of other kinds are left to other programs
	Workers   int                // jobs at once; default 4
	Instance  string             // shown as the owner; default random
	Lease     time.Duration      // after which another replica takes over from one that died; default 15s
	Poll      time.Duration      // how often it looks for jobs that nothing woke it for; default 1s
	Retention time.Duration      // how long finished jobs are kept; default 30 days
	Log       *slog.Logger
}

// maxTakes is how often a job is taken up without getting any further: one that kills whoever works on it must not go
// through all replicas for ever.
const maxTakes = 5

// Runner works on jobs. Any number of runners, in any number of processes, share them.
type Runner struct {
	o    Options
	wake chan struct{}
}

// NewRunner fills in the defaults.
func NewRunner(o Options) *Runner {
	if o.Workers == 0 {
		o.Workers = 4
	}
	if o.Instance == "" {
		o.Instance = uuid.NewString()
	}
	if o.Lease == 0 {
		o.Lease = 15 * time.Second
	}
	if o.Poll == 0 {
		o.Poll = time.Second
	}
	if o.Retention == 0 {
		o.Retention = 30 * 24 * time.Hour
	}
	return &Runner{o: o, wake: make(chan struct{}, 1)}
}

// Wake makes the runner look for jobs at once. It never blocks.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run works on jobs until ctx ends, then waits until its handlers have given theirs up; another replica goes on.
func (r *Runner) Run(ctx context.Context) error {
	var working sync.WaitGroup
	defer working.Wait()
	free := make(chan struct{}, r.o.Workers)
	for range r.o.Workers {
		free <- struct{}{}
	}
	tick := time.NewTicker(r.o.Poll)
	defer tick.Stop()
	var pruned time.Time
	for {
		if time.Since(pruned) >= pruneEvery {
			pruned = time.Now()
			r.prune(ctx)
		}
		r.begin(ctx, free, &working)
		select {
		case <-ctx.Done():
			return nil
		case <-r.wake:
		case <-tick.C:
		}
	}
}

// begin takes up as many jobs as there are free workers.
func (r *Runner) begin(ctx context.Context, free chan struct{}, working *sync.WaitGroup) {
	for {
		select {
		case <-free:
		default:
			return // the end of a job wakes this loop again
		}
		run, err := r.claim(ctx)
		if err != nil && ctx.Err() == nil {
			r.o.Log.WarnContext(ctx, "no job can be taken up for now", slog.Any("error", err))
		}
		if run == nil {
			free <- struct{}{}
			return
		}
		working.Go(func() {
			r.work(ctx, run)
			free <- struct{}{}
			r.Wake()
		})
	}
}

const claimSQL = `
WITH due AS MATERIALIZED (
    SELECT id FROM jobs WHERE due_at <= now() AND kind IN ? ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
UPDATE jobs SET state = 'running', token = token + 1, takes = takes + 1, owner = ?,
    started_at = COALESCE(started_at, now()), due_at = now() + make_interval(secs => ?)
FROM due WHERE jobs.id = due.id RETURNING jobs.*`

// claimTimeout ends a claim that the database does not answer.
const claimTimeout = 5 * time.Second

// claim takes one due job; nil when there is none. A stop does not break it off: a job that the database gave to nobody
// would rest until its lease is over.
func (r *Runner) claim(ctx context.Context) (*Run, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimTimeout)
	defer cancel()
	kinds := make([]string, 0, len(r.o.Kinds))
	for kind := range r.o.Kinds {
		kinds = append(kinds, kind)
	}
	var rows []row
	err := r.o.DB.WithContext(ctx).Raw(claimSQL, kinds, r.o.Instance, r.o.Lease.Seconds()).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	j := rows[0]
	run := &Run{
		ID: j.ID, By: j.CreatedBy, Done: j.Done, Total: j.Total, Counts: j.Counts,
		row: j, cursor: j.Cursor, report: j.Report, runner: r,
	}
	if run.Counts == nil {
		run.Counts = map[string]int64{}
	}
	return run, nil
}

// work does one turn at a job and writes what became of it.
func (r *Runner) work(stopping context.Context, run *Run) {
	ctx, end := context.WithCancelCause(context.WithoutCancel(stopping))
	defer end(nil)
	stopped := stopping.Err() // while the job was claimed: it is handed over untouched
	switch {
	case stopped != nil:
		end(ErrStopping)
	case run.row.Cancelling:
		end(ErrCancelled)
	}
	stop := context.AfterFunc(stopping, func() { end(ErrStopping) })
	defer stop()
	var beating sync.WaitGroup
	beat, still := context.WithCancel(ctx)
	beating.Go(func() { r.keep(beat, run, end) })
	err := stopped
	if err == nil {
		err = r.handle(ctx, run)
	}
	cause := context.Cause(ctx)
	still()
	beating.Wait()
	o := judge(err, cause, run.row.Takes)
	log := r.o.Log.With(slog.String("job", run.ID), slog.String("kind", run.row.Kind))
	if o.state == "" {
		log.WarnContext(ctx, "another replica has taken the job over")
		return
	}
	log.InfoContext(ctx, "job: end of turn", slog.String("state", o.state), slog.String("reason", o.text))
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.o.Lease)
	defer cancel()
	if err := run.end(closing, o); err != nil {
		log.WarnContext(ctx, "the end of a job's turn is not stored; it goes on later", slog.Any("error", err))
	}
}

func (r *Runner) handle(ctx context.Context, run *Run) error {
	if run.row.Takes > maxTakes {
		return fmt.Errorf("taken up %d times without getting any further: whoever works on it dies; see the logs", maxTakes)
	}
	return r.o.Kinds[run.row.Kind](ctx, run)
}

// outcome is what becomes of a job after a turn. State Queued means that it goes on later; "" that it is not ours.
type outcome struct {
	state string
	text  string
	after time.Duration
	takes int
}

// retryAfter is when a job goes on that the database failed.
const retryAfter = 2 * time.Second

func judge(err, cause error, takes int) outcome {
	var later *Later
	switch {
	case err == nil:
		return outcome{state: Done}
	case errors.Is(err, ErrLost) || errors.Is(cause, ErrLost):
		return outcome{}
	case errors.Is(cause, ErrCancelled):
		return outcome{state: Cancelled}
	case errors.Is(cause, ErrStopping):
		return outcome{state: Queued, takes: takes - 1}
	case errors.As(err, &later):
		return outcome{state: Queued, text: later.Error(), after: later.After}
	case postgres.Unavailable(err):
		return outcome{state: Queued, text: "the database is not available", after: retryAfter}
	}
	return outcome{state: Failed, text: err.Error()}
}

// keep renews the lease until ctx ends, and ends the handler's context when the job is lost or cancelled.
func (r *Runner) keep(ctx context.Context, run *Run, end context.CancelCauseFunc) {
	tick := time.NewTicker(min(r.o.Lease/3, time.Second))
	defer tick.Stop()
	renewed := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var cancelling []bool
		err := r.o.DB.WithContext(ctx).Raw(
			`UPDATE jobs SET due_at = now() + make_interval(secs => ?) WHERE id = ? AND token = ? RETURNING cancelling`,
			r.o.Lease.Seconds(), run.ID, run.row.Token).Scan(&cancelling).Error
		switch {
		case err == nil && len(cancelling) == 0, err != nil && time.Since(renewed) > r.o.Lease:
			end(ErrLost)
		case err == nil && cancelling[0]:
			end(ErrCancelled)
		case err == nil:
			renewed = time.Now()
		}
	}
}

const pruneEvery = time.Minute

// prune deletes what was finished long ago.
func (r *Runner) prune(ctx context.Context) {
	err := r.o.DB.WithContext(ctx).Exec(`
DELETE FROM jobs WHERE id IN (
    SELECT id FROM jobs WHERE finished_at < now() - make_interval(secs => ?) ORDER BY finished_at LIMIT 1000)`,
		r.o.Retention.Seconds()).Error
	if err != nil && ctx.Err() == nil {
		r.o.Log.WarnContext(ctx, "old jobs are kept for now", slog.Any("error", err))
	}
}
