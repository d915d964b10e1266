package adminapi

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/deadletter"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

// replayBatch is how many letters are replayed in one transaction, all of them being in memory.
const replayBatch = 32

// replays is how far a job has got.
type replays struct {
	Next  int       `json:"next"`  // of the ids
	Until time.Time `json:"until"` // letters that died later are left alone, or one that dies again would go round for ever
}

// Replays does the jobs of ReplayKind: each letter goes to the queue that it came from. committed is called after each
// commit that put letters in the outbox; it must not block.
func Replays(db *gorm.DB, committed func()) jobs.Handler {
	return func(ctx context.Context, run *jobs.Run) error {
		var request admin.ReplayRequest
		if err := run.Args(&request); err != nil {
			return err
		}
		at := replays{Until: time.Now()}
		if err := run.Resume(&at, nil); err != nil {
			return err
		}
		switch {
		case request.DryRun:
			return countReplays(ctx, db, run, request)
		case request.All:
			return replayAll(ctx, run, at, request.Rate, committed)
		}
		return replaySome(ctx, run, at, request, committed)
	}
}

func countReplays(ctx context.Context, db *gorm.DB, run *jobs.Run, r admin.ReplayRequest) error {
	waiting := int64(len(r.IDs))
	if r.All {
		var err error
		if waiting, _, err = deadletter.Stats(ctx, db); err != nil {
			return err
		}
	}
	run.Total, run.Counts["would_replay"] = waiting, waiting
	return nil
}

func replayAll(ctx context.Context, run *jobs.Run, at replays, rate float64, committed func()) error {
	batch := replayBatch
	if rate > 0 {
		batch = 1
	}
	for {
		var replayed int
		err := counted(ctx, run, at, func(tx *gorm.DB) (map[string]int64, error) {
			var err error
			replayed, err = deadletter.ReplayBatch(tx, at.Until, batch, run.By)
			return map[string]int64{"replayed": int64(replayed)}, err
		})
		if err != nil {
			return err
		}
		committed()
		if replayed < batch {
			return nil
		}
		if err := pace(ctx, rate); err != nil {
			return err
		}
	}
}

func replaySome(ctx context.Context, run *jobs.Run, at replays, r admin.ReplayRequest, committed func()) error {
	for ; at.Next < len(r.IDs); at.Next++ {
		after := at
		after.Next++
		err := counted(ctx, run, after, func(tx *gorm.DB) (map[string]int64, error) {
			outcome, err := replayOne(tx, r.IDs[at.Next], run.By)
			return map[string]int64{outcome: 1}, err
		})
		if err != nil {
			return err
		}
		committed()
		if err := pace(ctx, r.Rate); err != nil {
			return err
		}
	}
	return nil
}

// counted commits a step with its counts. What is rolled back is not counted.
func counted(ctx context.Context, run *jobs.Run, next replays, step func(tx *gorm.DB) (map[string]int64, error)) error {
	done, counts := run.Done, maps.Clone(run.Counts)
	err := run.Commit(ctx, next, func(tx *gorm.DB) error {
		outcomes, err := step(tx)
		for outcome, count := range outcomes {
			run.Done += count
			if count > 0 {
				run.Counts[outcome] += count
			}
		}
		return err
	})
	if err != nil {
		run.Done, run.Counts = done, counts
	}
	return err
}

// replayOne returns what became of a letter. Only a database that fails is an error.
func replayOne(tx *gorm.DB, id, by string) (outcome string, err error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return "not found", nil //nolint:nilerr // an id that is none belongs to no letter
	}
	_, err = deadletter.Replay(tx, parsed, by)
	switch {
	case errors.Is(err, deadletter.ErrNotFound):
		return "not found", nil
	case errors.Is(err, deadletter.ErrSettled):
		return "settled before", nil
	case errors.Is(err, deadletter.ErrNoQueue), errors.Is(err, rabbitmq.ErrInvalid):
		return "cannot be replayed", nil
	}
	return "replayed", err
}

// pace waits until the next one is due at a rate per second; 0 is no limit.
func pace(ctx context.Context, rate float64) error {
	if rate <= 0 {
		return nil
	}
	timer := time.NewTimer(time.Duration(float64(time.Second) / rate))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
