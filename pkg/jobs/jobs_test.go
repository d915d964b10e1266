package jobs_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/jobs"
)

func TestAJobBeginsQueuedWithItsEstimateAndItsAuthor(t *testing.T) {
	t.Parallel()
	db := open(t)
	job := create(t, db, jobs.New{Total: 7})
	require.Equal(t, jobs.Queued, job.State)
	require.Equal(t, "operator", job.CreatedBy)
	require.EqualValues(t, 7, job.Total)
	require.False(t, job.CreatedAt.IsZero())
	require.True(t, job.StartedAt.IsZero())

	again, err := jobs.Get(t.Context(), db, job.ID)
	require.NoError(t, err)
	require.Equal(t, job, again)
	var asked request
	require.NoError(t, jobs.Args(t.Context(), db, kind, job.ID, &asked))
	require.Equal(t, request{Parts: 5}, asked)
	require.ErrorIs(t, jobs.Args(t.Context(), db, "replay", job.ID, &asked), jobs.ErrNotFound)
}

func TestAJobOfATransactionThatIsRolledBackDoesNotExist(t *testing.T) {
	t.Parallel()
	db := open(t)
	var job admin.Job
	undone := errors.New("undone")
	err := db.Transaction(func(tx *gorm.DB) error {
		job = create(t, tx, jobs.New{})
		return undone
	})
	require.ErrorIs(t, err, undone)
	_, err = jobs.Get(t.Context(), db, job.ID)
	require.ErrorIs(t, err, jobs.ErrNotFound)
}

func TestUnknownJobs(t *testing.T) {
	t.Parallel()
	db := open(t)
	for _, id := range []string{uuid.NewString(), "no id at all", ""} {
		_, err := jobs.Get(t.Context(), db, id)
		require.ErrorIs(t, err, jobs.ErrNotFound)
		_, err = jobs.Cancel(t.Context(), db, id)
		require.ErrorIs(t, err, jobs.ErrNotFound)
	}
}

func TestAJobThatWantsToBeAloneIsRefusedBesideAnUnfinishedOne(t *testing.T) {
	t.Parallel()
	db := open(t)
	first := create(t, db, jobs.New{Alone: true})
	_, err := jobs.Create(db, jobs.New{Kind: kind, By: "operator", Alone: true})
	require.ErrorIs(t, err, jobs.ErrBusy)
	_, err = jobs.Create(db, jobs.New{Kind: "another kind", By: "operator", Alone: true})
	require.NoError(t, err)
	_, err = jobs.Cancel(t.Context(), db, first.ID)
	require.NoError(t, err)
	create(t, db, jobs.New{Alone: true})
}

func TestTheListHasEveryJobOnceNewestFirst(t *testing.T) {
	t.Parallel()
	db := open(t)
	var made, listed []string
	for range 5 {
		made = append([]string{create(t, db, jobs.New{}).ID}, made...)
	}
	page := admin.Page{Limit: 2}
	for {
		list, err := jobs.List(t.Context(), db, page)
		require.NoError(t, err)
		require.Equal(t, list.HasMore, list.NextCursor != "")
		for _, job := range list.Data {
			listed = append(listed, job.ID)
		}
		if page.Cursor = list.NextCursor; page.Cursor == "" {
			break
		}
	}
	require.Equal(t, made, listed)
	_, err := jobs.List(t.Context(), db, admin.Page{Cursor: "x'; DROP TABLE jobs"})
	require.Error(t, err)
}

func TestCancellingWhatNobodyBeganEndsItAtOnce(t *testing.T) {
	t.Parallel()
	db := open(t)
	job, err := jobs.Cancel(t.Context(), db, create(t, db, jobs.New{}).ID)
	require.NoError(t, err)
	require.Equal(t, jobs.Cancelled, job.State)
	require.False(t, job.FinishedAt.IsZero())
}
