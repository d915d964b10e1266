package deadletter_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/deadletter"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

func TestALetterIsStoredWithWhereItCameFrom(t *testing.T) {
	t.Parallel()
	db := open(t)
	store(t, db, delivery("m1", `{"name":"Ada"}`))
	letter, id := only(t, db)
	require.WithinDuration(t, time.Now(), letter.At, time.Minute)
	require.Equal(t, "work.v1", letter.Queue)
	require.Equal(t, "events", letter.Exchange)
	require.Equal(t, "work.done", letter.Key)
	require.Equal(t, "m1", letter.MessageID)
	require.Equal(t, "cannot be decoded", letter.Reason)
	require.Equal(t, "waiting", letter.State)
	require.Equal(t, 14, letter.Bytes)
	require.Empty(t, letter.Body, "lists hold no personal data")
	require.Empty(t, letter.Headers)

	letter, err := deadletter.Get(t.Context(), db, id)
	require.NoError(t, err)
	require.JSONEq(t, `{"name":"Ada"}`, letter.Body)
	require.Equal(t, map[string]string{"traceparent": "00-1-2-01"}, letter.Headers)
	_, err = deadletter.Get(t.Context(), db, uuid.New())
	require.ErrorIs(t, err, deadletter.ErrNotFound)
}

func TestWhateverArrivesIsStored(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		delivery      *rabbitmq.Delivery
		queue, reason string
	}{
		"rejected": {&rabbitmq.Delivery{ID: "1", Headers: map[string]string{
			"x-first-death-queue": "work.v1", "x-first-death-exchange": "events", "x-first-death-reason": "rejected",
		}}, "work.v1", "RabbitMQ gave it up: rejected"},
		"published by hand": {&rabbitmq.Delivery{Body: []byte("hello")}, "", "published to the dead letters directly"},
		"empty":             {&rabbitmq.Delivery{}, "", "published to the dead letters directly"},
		"no text": {&rabbitmq.Delivery{ID: "\xff\x00", Body: []byte{0, 0xff}, Headers: map[string]string{
			rabbitmq.HeaderQueue: "work.v1", rabbitmq.HeaderReason: "a\x00b", "\x00": "\xff",
		}}, "work.v1", "a\uFFFDb"},
		"an id of bytes": {&rabbitmq.Delivery{ID: strings.Repeat("\xff\x00", 127), Headers: map[string]string{
			rabbitmq.HeaderQueue: "work.v1", rabbitmq.HeaderReason: "x",
		}}, "work.v1", "x"},
		"long headers": {&rabbitmq.Delivery{ID: "1", Headers: map[string]string{
			rabbitmq.HeaderQueue: "work.v1", rabbitmq.HeaderReason: "x", "long": strings.Repeat("x", 100_000),
		}}, "work.v1", "x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t)
			store(t, db, delivery("before", "{}"), test.delivery, delivery("after", "{}"))
			all := list(t, db)
			require.Len(t, all, 3)
			letter := all[1]
			require.Equal(t, test.queue, letter.Queue)
			require.Contains(t, letter.Reason, test.reason)
			_, err := deadletter.Get(t.Context(), db, uuid.MustParse(letter.ID))
			require.NoError(t, err)
			_, err = deadletter.Replay(db, uuid.MustParse(letter.ID), operator)
			if test.queue == "" {
				require.ErrorIs(t, err, deadletter.ErrNoQueue)
			} else {
				require.NoError(t, err)
				require.Len(t, sent(t, db), 1)
			}
		})
	}
}

func TestALetterIsStoredOnce(t *testing.T) {
	t.Parallel()
	db, metrics := open(t), prometheus.NewRegistry()
	in := deadletter.NewIntake(db, metrics)
	for range 2 { // the broker delivers again when an acknowledgement was lost
		require.NoError(t, in.Handle(t.Context(), []*rabbitmq.Delivery{delivery("m1", "{}"), delivery("m1", "{}"), delivery("m2", "{}")}))
	}
	require.Len(t, list(t, db), 2)
	require.NoError(t, testutil.GatherAndCompare(metrics, strings.NewReader(`
# HELP datasync_dead_letters_total Messages that could not be handled and wait for an operator, by queue.
# TYPE datasync_dead_letters_total counter
datasync_dead_letters_total{queue="work.v1"} 2
`), "datasync_dead_letters_total"))

	store(t, db, delivery("m1", "other"))
	require.Len(t, list(t, db), 3, "an id that was used twice hides nothing")
}

func TestABatchIsStoredAsAWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	db := open(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, deadletter.NewIntake(db, nil).Handle(gone, []*rabbitmq.Delivery{delivery("m1", "{}")}))
	require.NoError(t, db.Exec(`ALTER TABLE dead_letters ADD CHECK (message_id <> 'm2')`).Error)
	batch := []*rabbitmq.Delivery{delivery("m1", "{}"), delivery("m2", "{}")}
	require.ErrorContains(t, deadletter.NewIntake(db, nil).Handle(t.Context(), batch), "store dead letters")
	require.Empty(t, list(t, db))
}
