package jobs_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
)

func undisturbed(context.Context, int) {}

func TestAJobIsDoneWithProgressCountsAndReport(t *testing.T) {
	t.Parallel()
	db := withParts(t)
	start(t, db, count(undisturbed))
	job := eventually(t, db, create(t, db, jobs.New{}).ID, jobs.Done)
	require.EqualValues(t, 5, job.Done)
	require.Equal(t, map[string]int64{"part": 5}, job.Counts)
	require.EqualValues(t, 5, job.Reconcile.Pages)
	require.False(t, job.StartedAt.IsZero() || job.FinishedAt.IsZero())
	require.Equal(t, 5, parts(t, db, job.ID))
}

func TestManyRunnersDoEachJobOnce(t *testing.T) {
	t.Parallel()
	db := withParts(t)
	var ids []string
	for range 20 {
		ids = append(ids, create(t, db, jobs.New{}).ID)
	}
	for range 3 {
		start(t, db, count(undisturbed))
	}
	for _, id := range ids {
		require.Empty(t, eventually(t, db, id, jobs.Done).Error)
		require.Equal(t, 5, parts(t, db, id))
	}
}

// A replica that hangs or is cut off from the database in the middle: another one goes on behind its last commit, and
// what the first one still wants to write is refused.
func TestAnotherReplicaGoesOnWhereOneStopped(t *testing.T) {
	t.Parallel()
	db := withParts(t)
	cut, err := postgres.Open(t.Context(), postgres.Options{URL: postgrestest.URL(), Schema: schemaOf(t, db)})
	require.NoError(t, err)
	lost := make(chan error, 1)
	hang := func(ctx context.Context, part int) {
		if part != 2 {
			return
		}
		pool, err := cut.DB()
		require.NoError(t, err)
		require.NoError(t, pool.Close())
		<-ctx.Done()
		lost <- context.Cause(ctx)
	}
	short := func(o *jobs.Options) { o.Lease = 300 * time.Millisecond }
	job := create(t, db, jobs.New{})
	start(t, cut, count(hang), short)
	require.Eventually(t, func() bool { return parts(t, db, job.ID) == 2 }, patience, time.Millisecond)

	start(t, db, count(undisturbed), short)

	finished := eventually(t, db, job.ID, jobs.Done)
	require.EqualValues(t, 5, finished.Done)
	require.EqualValues(t, 5, finished.Reconcile.Pages)
	require.Equal(t, 5, parts(t, db, job.ID))
	require.ErrorIs(t, <-lost, jobs.ErrLost)
}

func schemaOf(t *testing.T, db *gorm.DB) (schema string) {
	t.Helper()
	require.NoError(t, db.Raw(`SELECT current_schema()`).Scan(&schema).Error)
	return schema
}

func TestWhatAnotherReplicaHasTakenOverCannotBeWrittenAnyMore(t *testing.T) {
	t.Parallel()
	db := withParts(t)
	result := make(chan error, 1)
	start(t, db, func(ctx context.Context, run *jobs.Run) error {
		if run.Done > 0 {
			return nil
		}
		if err := db.Exec(`UPDATE jobs SET token = token + 1`).Error; err != nil { // as the claim of another one does
			return err
		}
		run.Done = 100
		result <- run.Commit(context.WithoutCancel(ctx), 1, nil)
		return nil
	}, func(o *jobs.Options) { o.Lease = time.Hour })
	job := create(t, db, jobs.New{})
	require.ErrorIs(t, <-result, jobs.ErrLost)
	job, err := jobs.Get(t.Context(), db, job.ID)
	require.NoError(t, err)
	require.Zero(t, job.Done)
}

func TestARunnerThatStopsHandsItsJobOverAtOnce(t *testing.T) {
	t.Parallel()
	db := withParts(t)
	reached := make(chan struct{})
	stop := start(t, db, count(func(ctx context.Context, part int) {
		if part == 3 {
			close(reached)
			<-ctx.Done()
		}
	}), func(o *jobs.Options) { o.Lease = time.Hour })
	job := create(t, db, jobs.New{})
	<-reached
	stop()
	require.Equal(t, jobs.Queued, eventually(t, db, job.ID, jobs.Queued).State)
	start(t, db, count(undisturbed))
	eventually(t, db, job.ID, jobs.Done)
	require.Equal(t, 5, parts(t, db, job.ID))
}

func TestACancelledJobKeepsWhatItDidAndWritesItsLastReport(t *testing.T) {
	t.Parallel()
	db := withParts(t)
	job := create(t, db, jobs.New{})
	start(t, db, count(func(ctx context.Context, part int) {
		if part == 2 {
			_, err := jobs.Cancel(context.WithoutCancel(ctx), db, job.ID)
			require.NoError(t, err)
			<-ctx.Done()
		}
	}))
	cancelled := eventually(t, db, job.ID, jobs.Cancelled)
	require.EqualValues(t, 3, cancelled.Reconcile.Pages, "the report of the part that was under way")
	require.Equal(t, 2, parts(t, db, job.ID))
	again, err := jobs.Cancel(t.Context(), db, job.ID)
	require.NoError(t, err)
	require.Equal(t, cancelled, again)
}

func TestAJobThatIsCancelledWhileNobodyHoldsItStillReports(t *testing.T) {
	t.Parallel()
	db := open(t)
	job := create(t, db, jobs.New{})
	require.NoError(t, db.Exec(`UPDATE jobs SET started_at = now(), due_at = now() + interval '1 hour'`).Error)
	_, err := jobs.Cancel(t.Context(), db, job.ID)
	require.NoError(t, err)
	start(t, db, func(ctx context.Context, run *jobs.Run) error {
		run.Counts["last"]++
		return ctx.Err()
	})
	require.EqualValues(t, 1, eventually(t, db, job.ID, jobs.Cancelled).Counts["last"])
}

func TestHowAJobEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		result error
		state  string
		text   string
	}{
		"an error fails it":                 {errors.New("the plan is gone"), jobs.Failed, "the plan is gone"},
		"it can be put off":                 {&jobs.Later{After: time.Hour, Err: errors.New("Stripe is down")}, jobs.Queued, "Stripe is down"},
		"an absent database puts it off":    {context.DeadlineExceeded, jobs.Queued, "the database is not available"},
		"what its runner dies of fails too": {nil, jobs.Failed, "taken up 5 times"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			job := create(t, db, jobs.New{})
			if c.result == nil {
				require.NoError(t, db.Exec(`UPDATE jobs SET takes = 5`).Error)
			}
			start(t, db, func(context.Context, *jobs.Run) error { return c.result })
			require.Eventually(t, func() bool {
				now, err := jobs.Get(t.Context(), db, job.ID)
				require.NoError(t, err)
				return now.State == c.state && now.Error != ""
			}, patience, time.Millisecond)
			now, err := jobs.Get(t.Context(), db, job.ID)
			require.NoError(t, err)
			require.Contains(t, now.Error, c.text)
		})
	}
}

func TestAJobThatWasPutOffGoesOnByItself(t *testing.T) {
	t.Parallel()
	db := open(t)
	turns := 0
	start(t, db, func(context.Context, *jobs.Run) error {
		if turns++; turns < 3 {
			return &jobs.Later{After: time.Millisecond, Err: errors.New("not yet")}
		}
		return nil
	})
	require.Empty(t, eventually(t, db, create(t, db, jobs.New{}).ID, jobs.Done).Error)
}

func TestOldFinishedJobsAreDeleted(t *testing.T) {
	t.Parallel()
	db := open(t)
	old, young := create(t, db, jobs.New{}), create(t, db, jobs.New{})
	for _, job := range []string{old.ID, young.ID} {
		_, err := jobs.Cancel(t.Context(), db, job)
		require.NoError(t, err)
	}
	require.NoError(t, db.Exec(`UPDATE jobs SET finished_at = now() - interval '31 days' WHERE id = ?`, old.ID).Error)
	start(t, db, func(context.Context, *jobs.Run) error { return nil })
	require.Eventually(t, func() bool {
		_, err := jobs.Get(t.Context(), db, old.ID)
		return errors.Is(err, jobs.ErrNotFound)
	}, patience, time.Millisecond)
	_, err := jobs.Get(t.Context(), db, young.ID)
	require.NoError(t, err)
}

func TestAStopDoesNotBreakOffACommit(t *testing.T) {
	t.Parallel()
	db := open(t)
	require.NoError(t, db.Exec(`CREATE TABLE parts (n integer)`).Error)
	job := create(t, db, jobs.New{})
	begun := make(chan struct{})
	stop := start(t, db, func(ctx context.Context, run *jobs.Run) error {
		run.Done = 1
		if err := run.Commit(ctx, 1, func(tx *gorm.DB) error {
			close(begun)
			<-ctx.Done()
			return tx.Exec(`INSERT INTO parts VALUES (1)`).Error
		}); err != nil {
			return err
		}
		return ctx.Err()
	})
	<-begun
	stop()
	eventually(t, db, job.ID, jobs.Queued)
	var made int
	require.NoError(t, db.Raw(`SELECT count(*) FROM parts`).Scan(&made).Error)
	require.Equal(t, 1, made)
}

func TestProgressThatMayNotHaveBeenStoredIsNotTold(t *testing.T) {
	t.Parallel()
	db := open(t)
	require.NoError(t, db.Exec(`CREATE TABLE parts (n integer UNIQUE DEFERRABLE INITIALLY DEFERRED)`).Error)
	job := create(t, db, jobs.New{})
	start(t, db, func(ctx context.Context, run *jobs.Run) error {
		run.Done, run.Counts["made"] = 2, 2
		return run.Commit(ctx, 1, func(tx *gorm.DB) error { return tx.Exec(`INSERT INTO parts VALUES (1), (1)`).Error })
	})
	job = eventually(t, db, job.ID, jobs.Failed)
	require.Zero(t, job.Done)
	require.Empty(t, job.Counts)
}
