package ledger_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/ledger"
)

func partitions(t *testing.T, db *gorm.DB) []string {
	t.Helper()
	var names []string
	require.NoError(t, db.Raw(`SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'changes'::regclass ORDER BY 1`).
		Scan(&names).Error)
	return names
}

func TestPartitionsAreMadeAheadAndDroppedAfterTheRetention(t *testing.T) {
	t.Parallel()
	db := setup(t)
	require.Len(t, partitions(t, db), 5, "today, three days ahead, and the default")
	today := change("today")
	appendAll(t, db, ledger.Entries{
		Changes: []ledger.Change{today}, Attempts: []ledger.Attempt{{ChangeID: today.ID, StartedAt: time.Now()}},
	})
	ahead := func(days int) time.Time { return time.Now().Add(time.Duration(days) * 24 * time.Hour) }

	require.NoError(t, ledger.Maintain(t.Context(), db, ahead(30), ledger.Retention))
	_, err := ledger.Get(t.Context(), db, today.ID.String())
	require.NoError(t, err, "not old enough yet")
	require.Contains(t, partitions(t, db), "changes_"+ahead(33).UTC().Format("20060102"))

	require.NoError(t, ledger.Maintain(t.Context(), db, ahead(31), ledger.Retention))
	_, err = ledger.Get(t.Context(), db, today.ID.String())
	require.ErrorIs(t, err, ledger.ErrNotFound)
	require.NotContains(t, partitions(t, db), "changes_"+ahead(0).UTC().Format("20060102"))
	var attempts int64
	require.NoError(t, db.Raw("SELECT count(*) FROM attempts").Scan(&attempts).Error)
	require.Zero(t, attempts)
}

// Each side of midnight (UTC) is a day of its own, and both are there before it strikes.
func TestLinesAroundMidnightLieInTheirOwnDays(t *testing.T) {
	t.Parallel()
	db := setup(t)
	midnight := time.Now().UTC().Truncate(24 * time.Hour).Add(48 * time.Hour)
	line := func(at time.Time) ledger.Change {
		c := change("1")
		c.ID, c.At = uuid.Nil, at
		return c
	}
	appendAll(t, db, ledger.Entries{Changes: []ledger.Change{line(midnight.Add(-time.Millisecond)), line(midnight)}})
	in := func(table string) (n int) {
		require.NoError(t, db.Raw("SELECT count(*) FROM "+table).Scan(&n).Error)
		return n
	}
	eve, day := "changes_"+midnight.Add(-time.Hour).Format("20060102"), "changes_"+midnight.Format("20060102")
	require.Equal(t, []int{1, 1, 0}, []int{in(eve), in(day), in("changes_default")})

	strikes := midnight.Add(ledger.Retention)
	require.NoError(t, ledger.Maintain(t.Context(), db, strikes.Add(-time.Millisecond), ledger.Retention))
	require.Equal(t, 2, in("changes"), "the eve is kept to its last moment")
	require.NoError(t, ledger.Maintain(t.Context(), db, strikes, ledger.Retention))
	require.Equal(t, []int{1, 1}, []int{in(day), in("changes")})
}

func TestADayWithoutAPartitionIsKeptInTheDefaultOneAndDeletedInTime(t *testing.T) {
	t.Parallel()
	db := setup(t)
	late := time.Now().Add(20 * 24 * time.Hour)
	c := change("late")
	c.ID, c.At = [16]byte{}, late
	appendAll(t, db, ledger.Entries{Changes: []ledger.Change{c}})

	require.NoError(t, ledger.Maintain(t.Context(), db, late.Add(-24*time.Hour), ledger.Retention))
	require.NotContains(t, partitions(t, db), "changes_"+late.UTC().Format("20060102"))
	page, err := ledger.List(t.Context(), db, admin.ChangeFilter{})
	require.NoError(t, err)
	require.Len(t, page.Data, 1)

	require.NoError(t, ledger.Maintain(t.Context(), db, late.Add(32*24*time.Hour), ledger.Retention))
	page, err = ledger.List(t.Context(), db, admin.ChangeFilter{})
	require.NoError(t, err)
	require.Empty(t, page.Data)
}

func TestMaintenanceThatCannotHaveItsLockHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	db := setup(t)
	reader := db.WithContext(t.Context()).Begin()
	defer reader.Rollback()
	require.NoError(t, reader.Exec("SELECT FROM changes LIMIT 1").Error)
	before := partitions(t, db)

	err := ledger.Maintain(t.Context(), db, time.Now().Add(100*24*time.Hour), ledger.Retention)

	require.ErrorContains(t, err, "busy")
	require.True(t, slices.Contains(partitions(t, db), before[1]), "what is in use is dropped another time")
}
