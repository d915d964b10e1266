package deadletter_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/deadletter"
)

func TestAReplayGoesStraightToTheQueue(t *testing.T) {
	t.Parallel()
	db := open(t)
	d := delivery("m1", "\x00{}")
	d.Time = time.Unix(1_700_000_000, 0)
	store(t, db, d)
	_, id := only(t, db)
	letter, err := deadletter.Replay(db, id, operator)
	require.NoError(t, err)
	require.Equal(t, "replayed", letter.State)
	require.Equal(t, operator, letter.SettledBy)
	require.WithinDuration(t, time.Now(), letter.SettledAt, time.Minute)

	messages := sent(t, db)
	require.Len(t, messages, 1)
	m := messages[0]
	require.Empty(t, m.Exchange, "the default exchange: no other consumer sees it")
	require.Equal(t, "work.v1", m.Key)
	require.Equal(t, "m1", m.ID)
	require.Equal(t, d.Body, m.Body)
	require.True(t, d.Time.Equal(m.Time))
	require.Equal(t, map[string]string{"traceparent": "00-1-2-01", "x-datasync-replay": "1"}, m.Headers)

	_, err = deadletter.Replay(db, id, operator)
	require.ErrorIs(t, err, deadletter.ErrSettled)
	_, err = deadletter.Replay(db, uuid.New(), operator)
	require.ErrorIs(t, err, deadletter.ErrNotFound)
}

func TestAReplayThatIsRolledBackSendsNothing(t *testing.T) {
	t.Parallel()
	db := open(t)
	store(t, db, delivery("m1", "{}"))
	_, id := only(t, db)
	require.Error(t, db.Transaction(func(tx *gorm.DB) error {
		_, err := deadletter.Replay(tx, id, operator)
		require.NoError(t, err)
		return errors.New("no")
	}))
	require.Empty(t, sent(t, db))
	letter, _ := only(t, db)
	require.Equal(t, "waiting", letter.State)
}

func TestALetterThatComesBackWaitsAgain(t *testing.T) {
	t.Parallel()
	db := open(t)
	store(t, db, delivery("m1", "{}"))
	_, id := only(t, db)
	for replay := range 3 {
		before, err := deadletter.Replay(db, id, operator)
		require.NoError(t, err)

		store(t, db, again(replay)) // a second copy of the letter that was replayed
		letter, _ := only(t, db)
		require.Equal(t, "replayed", letter.State)

		store(t, db, again(replay+1))
		letter, _ = only(t, db)
		require.Equal(t, "waiting", letter.State)
		require.Equal(t, before.ID, letter.ID)
		require.True(t, letter.At.After(before.At))
		require.Equal(t, "events", letter.Exchange, "where it first came from")
		require.Zero(t, letter.SettledAt)
		require.Empty(t, letter.SettledBy)
	}
}

func TestADiscardedLetterStaysDiscarded(t *testing.T) {
	t.Parallel()
	db := open(t)
	store(t, db, delivery("m1", "{}"))
	_, id := only(t, db)
	letter, err := deadletter.Discard(db, id, operator, "of no use")
	require.NoError(t, err)
	require.Equal(t, "discarded", letter.State)
	store(t, db, delivery("m1", "{}"))
	letter, _ = only(t, db)
	require.Equal(t, "discarded", letter.State)
	require.Equal(t, "of no use", letter.SettledFor)
	_, err = deadletter.Replay(db, id, operator)
	require.ErrorIs(t, err, deadletter.ErrSettled)
	_, err = deadletter.Discard(db, id, operator, "again")
	require.ErrorIs(t, err, deadletter.ErrSettled)
}

func TestABatchReplaysTheOldestAndEnds(t *testing.T) {
	t.Parallel()
	db := open(t)
	for i := range 5 {
		store(t, db, delivery(fmt.Sprint("m", i), "{}"))
	}
	lost := delivery("lost", "{}")
	lost.Headers = nil
	store(t, db, lost)
	until := time.Now().Add(time.Second)
	for _, want := range []int{2, 2, 1, 0} {
		n, err := deadletter.ReplayBatch(db, until, 2, operator)
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	messages := sent(t, db)
	require.Len(t, messages, 5)
	for i, m := range messages {
		require.Equal(t, fmt.Sprint("m", i), m.ID)
	}
	n, err := deadletter.ReplayBatch(db, time.Now().Add(-time.Hour), 2, operator)
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestErasingLeavesNothingOfARecord(t *testing.T) {
	t.Parallel()
	db := open(t)
	record := uuid.NewString()
	store(t, db, delivery("waits", `{"subject":"`+record+`","name":"Ada"}`), delivery("replayed", "{"+record), delivery("other", "{}"))
	inHeader := delivery("header", "{}")
	inHeader.Headers["remote"] = "cus_1"
	store(t, db, inHeader)
	for _, letter := range list(t, db) {
		if letter.MessageID == "replayed" {
			_, err := deadletter.Replay(db, uuid.MustParse(letter.ID), operator)
			require.NoError(t, err)
		}
	}

	n, err := deadletter.Erase(db, "law", record, "cus_1", "")
	require.NoError(t, err)
	require.EqualValues(t, 3, n)
	want := map[string]string{"waits": "discarded", "replayed": "replayed", "other": "waiting", "header": "discarded"}
	store(t, db, delivery("waits", `{"subject":"`+record+`","name":"Ada"}`)) // a late copy
	for _, summary := range list(t, db) {
		letter, err := deadletter.Get(t.Context(), db, uuid.MustParse(summary.ID))
		require.NoError(t, err)
		require.Equal(t, want[letter.MessageID], letter.State, letter.MessageID)
		require.Equal(t, letter.MessageID == "other", letter.Body != "", letter.MessageID)
		require.Equal(t, letter.MessageID == "other", len(letter.Headers) > 0, letter.MessageID)
		if letter.State == "discarded" {
			require.Equal(t, "law", letter.SettledBy)
			require.Equal(t, "erased", letter.SettledFor)
		}
	}
	n, err = deadletter.Erase(db, "law", record)
	require.NoError(t, err)
	require.Zero(t, n)
}
