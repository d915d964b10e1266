package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// Handler does the jobs of one kind. It begins where the Run's cursor says, commits its progress often, and returns when
// everything is done. ctx ends when an operator cancels the job, when the program stops, or when the job was lost to
// another replica; the handler then returns soon, with any error. It may be called with a context that has ended already,
// to write its last report. A returned *Later puts the job off, any other error fails it for good.
type Handler func(ctx context.Context, run *Run) error

// Later says that a job cannot go on now.
type Later struct {
	After time.Duration
	Err   error // shown with the job until it goes on
}

// Error implements error.
func (l *Later) Error() string { return l.Err.Error() }

// Unwrap returns the cause.
func (l *Later) Unwrap() error { return l.Err }

// What ends the context of a handler; see context.Cause.
var (
	ErrCancelled = errors.New("cancelled by an operator")
	ErrStopping  = errors.New("the program stops; the job goes on elsewhere")
	ErrLost      = errors.New("another replica has taken the job over")
)

// Run is one turn of a replica at a job. The exported fields are the job's progress: what the handler writes there is
// stored with the next Commit, and at the end of the turn. It is for one goroutine.
type Run struct {
	ID     string
	By     string
	Done   int64
	Total  int64
	Counts map[string]int64 // by outcome; never nil
	Report any              // shown with the job; encoded as JSON

	row    row
	cursor json.RawMessage
	unsure bool            // nobody knows whether the last Commit took effect
	report json.RawMessage // as it was stored, until Report is set
	runner *Runner
}

// Args reads what was asked for.
func (r *Run) Args(into any) error {
	if err := json.Unmarshal(r.row.Args, into); err != nil {
		return fmt.Errorf("the arguments of job %s are unreadable: %w", r.ID, err)
	}
	return nil
}

// Resume reads the cursor and the report that were stored last; both stay as they are in a job that begins.
func (r *Run) Resume(cursor, report any) error {
	for _, stored := range []struct {
		from json.RawMessage
		into any
	}{{r.cursor, cursor}, {r.report, report}} {
		if len(stored.from) == 0 || stored.into == nil {
			continue
		}
		if err := json.Unmarshal(stored.from, stored.into); err != nil {
			return fmt.Errorf("the progress of job %s is unreadable: %w", r.ID, err)
		}
	}
	return nil
}

// Commit stores the progress, and with it, in one transaction, what effect does: so a job that is taken over never does
// a part twice. effect may be nil. It returns ErrLost when the job is no longer ours; the effect is rolled back then.
func (r *Run) Commit(ctx context.Context, cursor any, effect func(tx *gorm.DB) error) error {
	return r.CommitWith(ctx, func(tx *gorm.DB) (any, error) {
		if effect == nil {
			return cursor, nil
		}
		return cursor, effect(tx)
	})
}

// CommitWith is Commit for an effect that finds out inside the transaction how far it gets, and returns the cursor. A stop
// does not break it off: nobody would know whether it took effect.
func (r *Run) CommitWith(ctx context.Context, effect func(tx *gorm.DB) (cursor any, err error)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.runner.o.Lease)
	defer cancel()
	var encoded json.RawMessage
	err := r.runner.o.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		cursor, err := effect(tx)
		if err != nil {
			return err
		}
		if encoded, err = json.Marshal(cursor); err != nil {
			return fmt.Errorf("encode the cursor of job %s: %w", r.ID, err)
		}
		err = r.save(tx, encoded)
		r.unsure = err == nil // until the database says that it has committed
		return err
	})
	if err != nil {
		return err
	}
	r.cursor, r.unsure = encoded, false
	return nil
}

func (r *Run) save(tx *gorm.DB, cursor json.RawMessage) error {
	counts, report, err := r.encode()
	if err != nil {
		return err
	}
	result := tx.Exec(`
UPDATE jobs SET cursor = ?::jsonb, done = ?, total = ?, counts = ?::jsonb, report = ?::jsonb, error = '', takes = 0,
    due_at = now() + make_interval(secs => ?) WHERE id = ? AND token = ?`,
		nullable(cursor), r.Done, r.Total, counts, report, r.runner.o.Lease.Seconds(), r.ID, r.row.Token)
	return r.owned(result)
}

// owned turns the result of a write under the token into an error.
func (r *Run) owned(result *gorm.DB) error {
	switch {
	case result.Error != nil:
		return fmt.Errorf("store the progress of job %s: %w", r.ID, result.Error)
	case result.RowsAffected == 0:
		return ErrLost
	}
	return nil
}

func (r *Run) encode() (counts string, report *string, err error) {
	encoded, err := json.Marshal(r.Counts)
	if err != nil {
		return "", nil, fmt.Errorf("encode the counts of job %s: %w", r.ID, err)
	}
	if r.Report != nil {
		if r.report, err = json.Marshal(r.Report); err != nil {
			return "", nil, fmt.Errorf("encode the report of job %s: %w", r.ID, err)
		}
	}
	return string(encoded), nullable(r.report), nil
}

func nullable(encoded json.RawMessage) *string {
	if len(encoded) == 0 {
		return nil
	}
	text := string(encoded)
	return &text
}

// endSQL gives the job up under its token: finished for good, or to be taken up again at due_at. Progress that is NULL
// stays as it was stored.
const endSQL = `
UPDATE jobs SET state = ?, error = ?, done = COALESCE(?, done), total = COALESCE(?, total),
    counts = COALESCE(?::jsonb, counts), report = COALESCE(?::jsonb, report), owner = '', takes = ?,
    finished_at = CASE WHEN ?::float IS NULL THEN now() END, due_at = now() + make_interval(secs => ?)
WHERE id = ? AND token = ?`

// end writes what became of the job.
func (r *Run) end(ctx context.Context, o outcome) error {
	counts, report, err := r.encode()
	if err != nil {
		return err
	}
	var delay *float64
	if o.state == Queued {
		seconds := o.after.Seconds()
		delay = &seconds
	}
	progress := []any{r.Done, r.Total, counts, report}
	if r.unsure { // what is stored may be further
		progress = []any{nil, nil, nil, nil}
	}
	args := append([]any{o.state, o.text}, progress...)
	return r.owned(r.runner.o.DB.WithContext(ctx).Exec(endSQL, append(args, o.takes, delay, delay, r.ID, r.row.Token)...))
}
