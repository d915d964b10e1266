package imports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"time"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/outbox"
)

// batchSize is how many rows are imported in one transaction.
const batchSize = 100

// The outcomes of rows, in a job's counts.
const (
	created   = "created"
	updated   = "updated"   // with a key: the customer was there and has changed
	unchanged = "unchanged" // with a key: the customer was there and is like this
	repeated  = "repeated"  // without a key: a row with this content was imported before
	bad       = "bad"
)

// Handler does the jobs of Kind. committed is called after each commit; it must not block.
func Handler(db *gorm.DB, committed func()) jobs.Handler {
	return func(ctx context.Context, run *jobs.Run) error {
		var asked arguments
		if err := run.Args(&asked); err != nil {
			return err
		}
		file, err := Get(ctx, db, asked.Import)
		if err != nil {
			return err
		}
		at := position{Offset: file.BodyAt}
		if file.Format == CSV {
			at.Line = 1
		}
		if err := run.Resume(&at, nil); err != nil {
			return err
		}
		w := work{db: db, run: run, file: file, committed: committed}
		return w.all(ctx, at)
	}
}

type work struct {
	db        *gorm.DB
	run       *jobs.Run
	file      Import
	committed func()
}

func (w *work) all(ctx context.Context, at position) error {
	source := rowsOf(ctx, w.db, w.file, at)
	for {
		batch, err := gather(source)
		if err != nil && !errors.Is(err, io.EOF) {
			return describe(err, source.place())
		}
		end := err != nil
		if err := w.commit(ctx, batch, source.place()); err != nil {
			return err
		}
		w.committed()
		if end {
			w.run.Total = w.run.Done
			return w.forget(ctx)
		}
		if err := w.pace(ctx); err != nil {
			return err
		}
	}
}

// gather reads the next rows; io.EOF: they are the last ones.
func gather(source rows) ([]row, error) {
	batch := make([]row, 0, batchSize)
	for len(batch) < batchSize {
		r, err := source.next()
		if err != nil {
			return batch, err
		}
		batch = append(batch, r)
	}
	return batch, nil
}

// describe says where a file could not be read any further. The database's errors stay what they are.
func describe(err error, at position) error {
	if errors.Is(err, errLongRow) {
		return fmt.Errorf("after line %d: %w", at.Line, err)
	}
	return err
}

// commit imports some rows and moves on, in one transaction.
func (w *work) commit(ctx context.Context, batch []row, next position) error {
	done, counts := w.run.Done, maps.Clone(w.run.Counts)
	err := w.run.Commit(ctx, next, func(tx *gorm.DB) error {
		b := newBatch(w.file, batch)
		if err := b.run(tx); err != nil {
			return err
		}
		w.run.Done += int64(len(batch))
		for outcome, count := range b.counts {
			w.run.Counts[outcome] += count
		}
		return nil
	})
	if err != nil {
		w.run.Done, w.run.Counts = done, counts // what was rolled back is not counted
	}
	if errors.Is(err, gorm.ErrDuplicatedKey) { // somebody made one of the customers meanwhile, maybe the same import
		return &jobs.Later{After: retryAfter, Err: errors.New("another import works on the same customers; it goes on in a moment")}
	}
	return err
}

const (
	retryAfter = time.Second
	maxBacklog = 2 * time.Second // of the outbox, which the import shares with live writes
	pause      = 200 * time.Millisecond
)

// pace waits while the outbox has a backlog.
func (w *work) pace(ctx context.Context) error {
	for {
		oldest, _, err := outbox.Stats(ctx, w.db)
		if err != nil || oldest < maxBacklog {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
}

// forget deletes the file when all of it has been imported; its bad rows stay for some days.
func (w *work) forget(ctx context.Context) error {
	if err := w.db.WithContext(ctx).Exec(`DELETE FROM import_chunks WHERE import_id = ?`, w.file.ID).Error; err != nil {
		return fmt.Errorf("delete the file of import %s: %w", w.file.ID, err)
	}
	return nil
}
