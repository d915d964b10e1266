package deadletter_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/deadletter"
)

func TestAListIsReadPageByPage(t *testing.T) {
	t.Parallel()
	db := open(t)
	const letters = 7
	for i := range letters { // a batch has one time for all
		store(t, db, delivery(fmt.Sprint("a", i), "{}"), delivery(fmt.Sprint("b", i), "{}"))
	}
	seen := map[string]bool{}
	for cursor, more := "", true; more; {
		page, err := deadletter.List(t.Context(), db, deadletter.Filter{Page: admin.Page{Cursor: cursor, Limit: 4}})
		require.NoError(t, err)
		for _, letter := range page.Data {
			require.False(t, seen[letter.ID])
			seen[letter.ID] = true
		}
		cursor, more = page.NextCursor, page.HasMore
		require.Equal(t, more, cursor != "")
	}
	require.Len(t, seen, 2*letters)
}

func TestAListCanBeFiltered(t *testing.T) {
	t.Parallel()
	db := open(t)
	lost := delivery("lost", "{}")
	lost.Headers = nil
	store(t, db, delivery("m1", "{}"), lost)
	_, err := deadletter.Discard(db, uuid.MustParse(list(t, db)[0].ID), operator, "x")
	require.NoError(t, err)
	for _, test := range []struct {
		filter deadletter.Filter
		want   int
	}{
		{deadletter.Filter{}, 2},
		{deadletter.Filter{State: "waiting"}, 1},
		{deadletter.Filter{State: "replayed"}, 0},
		{deadletter.Filter{Queue: "work.v1"}, 1},
		{deadletter.Filter{Queue: "work.v1", State: "replayed"}, 0},
	} {
		page, err := deadletter.List(t.Context(), db, test.filter)
		require.NoError(t, err)
		require.Len(t, page.Data, test.want, test.filter)
	}
	for _, cursor := range []string{"?", "aGVsbG8", "MS4y"} {
		_, err := deadletter.List(t.Context(), db, deadletter.Filter{Page: admin.Page{Cursor: cursor}})
		require.ErrorIs(t, err, deadletter.ErrCursor, cursor)
	}
}

func TestStatsCountWhatWaits(t *testing.T) {
	t.Parallel()
	db := open(t)
	waiting, oldest, err := deadletter.Stats(t.Context(), db)
	require.NoError(t, err)
	require.Zero(t, waiting)
	require.Zero(t, oldest)
	store(t, db, delivery("m1", "{}"), delivery("m2", "{}"), delivery("m3", "{}"))
	require.NoError(t, db.Exec(`UPDATE dead_letters SET at = now() - interval '1 hour' WHERE message_id = 'm2'`).Error)
	_, err = deadletter.Discard(db, uuid.MustParse(list(t, db)[0].ID), operator, "x")
	require.NoError(t, err)
	waiting, oldest, err = deadletter.Stats(t.Context(), db)
	require.NoError(t, err)
	require.EqualValues(t, 2, waiting)
	require.InDelta(t, time.Hour.Seconds(), oldest.Seconds(), 60)
}

func TestPruningKeepsWhatWaits(t *testing.T) {
	t.Parallel()
	db := open(t)
	store(t, db, delivery("waits", "{}"), delivery("fresh", "{}"), delivery("old", "{}"))
	for _, letter := range list(t, db) {
		if letter.MessageID != "waits" {
			_, err := deadletter.Discard(db, uuid.MustParse(letter.ID), operator, "x")
			require.NoError(t, err)
		}
	}
	require.NoError(t, db.Exec(`UPDATE dead_letters SET at = now() - interval '1 year'`).Error)
	require.NoError(t, db.Exec(`UPDATE dead_letters SET settled_at = now() - interval '31 days' WHERE message_id = 'old'`).Error)
	require.NoError(t, deadletter.Prune(t.Context(), db))
	require.Len(t, list(t, db), 2)
}
