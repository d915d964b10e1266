package connector

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/jobs"
)

// ErrNothingSelected is for a request about failures that does not say which.
var ErrNothingSelected = errors.New("select records by record_ids or fingerprint, or say all")

// chosen are the records that a job about failures goes through.
type chosen struct {
	condition   string
	ids         []string // empty: all
	fingerprint string   // "": every one
}

func (c chosen) where(kind string) (where string, args []any) {
	where, args = `kind = ? AND `+c.condition, []any{kind}
	if c.fingerprint != "" {
		where += ` AND fingerprint = ?`
		args = append(args, c.fingerprint)
	}
	if len(c.ids) > 0 {
		where += ` AND local_id IN ?`
		args = append(args, c.ids)
	}
	return where, args
}

// countChosen counts up to maxCount.
func (e *Engine) countChosen(ctx context.Context, c chosen) (n int64, err error) {
	for _, id := range c.ids {
		if _, err := uuid.Parse(id); err != nil {
			return 0, fmt.Errorf("%w: %q is the id of no record", ErrNoLink, id)
		}
	}
	where, args := c.where(e.o.Kind)
	err = e.o.DB.WithContext(ctx).Raw(`SELECT count(*) FROM (SELECT FROM links WHERE `+where+` LIMIT ?) AS some_of_them`,
		append(args, maxCount)...).Scan(&n).Error
	if err != nil {
		return 0, fmt.Errorf("count what fails: %w", err)
	}
	return n, nil
}

// walkCursor is how far a job has got. The records are gone through in the order of their ids, so that one that fails
// again meanwhile is not taken twice.
type walkCursor struct {
	After string `json:"after"`
}

// walkBatch is how many records are taken in one step at most.
const walkBatch = 500

// walk takes the chosen records, at a rate per second, in transactions that also store how far it got. done is called
// after each.
func (e *Engine) walk(ctx context.Context, run *jobs.Run, c chosen, rate float64, take func(tx *gorm.DB, ids []string) error, done func()) error {
	cursor := walkCursor{After: uuid.Nil.String()}
	if err := run.Resume(&cursor, nil); err != nil {
		return err
	}
	pace := newPace(rate)
	for {
		batch, err := pace.next(ctx)
		if err != nil {
			return err
		}
		ids, err := e.next(ctx, c, cursor.After, batch)
		if err != nil || len(ids) == 0 {
			return err
		}
		cursor.After = ids[len(ids)-1]
		run.Done += int64(len(ids))
		if err := run.Commit(ctx, cursor, func(tx *gorm.DB) error { return take(tx, ids) }); err != nil {
			return err
		}
		done()
	}
}

func (e *Engine) next(ctx context.Context, c chosen, after string, n int) (ids []string, err error) {
	where, args := c.where(e.o.Kind)
	err = e.o.DB.WithContext(ctx).Raw(`SELECT local_id FROM links WHERE `+where+` AND local_id > ? ORDER BY local_id LIMIT ?`,
		append(args, after, n)...).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("find what fails: %w", err)
	}
	return ids, nil
}
