package outbox_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/tracing"
)

func TestAppendedMessagesArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	db, b := open(t), newBroker()
	everyByte := make([]byte, 256)
	for i := range everyByte {
		everyByte[i] = byte(i)
	}
	sent := []rabbitmq.Message{
		{Exchange: "events", Key: "a.b", ID: "1", Headers: map[string]string{"ü": `"{}'?`}, Body: everyByte, Time: time.Now().Round(0)},
		{Exchange: "changes", Key: "?::$1", ID: "2", Body: []byte{}},
		{Exchange: "", Key: "", ID: "", Body: []byte("x")},
	}
	require.NoError(t, outbox.Append(db.WithContext(t.Context()), sent...))
	var arrived []rabbitmq.Message
	b.fail = func(m rabbitmq.Message) error {
		arrived = append(arrived, m)
		return nil
	}

	n, err := outbox.NewRelay(db, b, outbox.RelayOptions{}).RunOnce(t.Context())

	require.NoError(t, err)
	require.Equal(t, 3, n)
	for i, got := range arrived {
		require.Equal(t, sent[i].Exchange, got.Exchange)
		require.Equal(t, sent[i].Key, got.Key)
		require.Equal(t, sent[i].ID, got.ID)
		require.Equal(t, sent[i].Body, got.Body)
		require.Len(t, got.Headers, len(sent[i].Headers))
		for name, value := range sent[i].Headers {
			require.Equal(t, value, got.Headers[name])
		}
		require.WithinDuration(t, sent[i].Time, got.Time, time.Millisecond)
		require.Equal(t, sent[i].Time.IsZero(), got.Time.IsZero())
	}
}

func TestAppendManyAtOnce(t *testing.T) {
	t.Parallel()
	db := open(t)
	require.NoError(t, outbox.Append(db, numbered("m", 20_000)...)) // more than a statement can have parameters
	require.NoError(t, outbox.Append(db))
	require.Equal(t, 20_000, rows(t, db))
}

func TestAppendRefusesWhatCanNeverBePublished(t *testing.T) {
	t.Parallel()
	db := open(t)
	bad := messages("fine", "bad")
	bad[1].Key = strings.Repeat("k", 256)
	require.ErrorIs(t, outbox.Append(db, bad...), rabbitmq.ErrInvalid)
	require.Zero(t, rows(t, db))
}

func TestStatsKnowTheOldest(t *testing.T) {
	t.Parallel()
	db := open(t)
	_, empty, err := outbox.Stats(t.Context(), db)
	require.NoError(t, err)
	require.True(t, empty)

	require.NoError(t, outbox.Append(db, messages("old", "new")...))
	require.NoError(t, db.Exec(`UPDATE outbox SET created_at = now() - interval '1 hour' WHERE message_id = 'old'`).Error)
	oldest, empty, err := outbox.Stats(t.Context(), db)
	require.NoError(t, err)
	require.False(t, empty)
	require.InDelta(t, time.Hour.Seconds(), oldest.Seconds(), 5)
}

func TestARollbackPublishesNothing(t *testing.T) {
	t.Parallel()
	db, b := open(t), newBroker()
	r := outbox.NewRelay(db, b, outbox.RelayOptions{})
	end := appendLate(t, db, messages("never")...)
	n, err := r.RunOnce(t.Context())
	require.NoError(t, err)
	require.Zero(t, n, "not committed yet")
	end(errors.New("no"))
	n, err = r.RunOnce(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
	require.Zero(t, b.calls)
}

func TestMessagesContinueTheTraceOfTheTransaction(t *testing.T) {
	t.Parallel()
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	db := open(t)
	m := numbered("m", 1)[0]
	m.Headers = map[string]string{"kind": "of its own"}
	require.NoError(t, outbox.Append(db.WithContext(tracing.Continue(t.Context(), parent)), m))
	var headers string
	require.NoError(t, db.Raw(`SELECT headers::text FROM outbox`).Scan(&headers).Error)
	require.JSONEq(t, `{"kind": "of its own", "traceparent": "`+parent+`"}`, headers)
}
