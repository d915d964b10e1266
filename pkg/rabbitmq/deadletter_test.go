package rabbitmq_test

import (
	"context"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/rabbitmq/rabbitmqtest"
)

// bury marks every message whose id is in the list and collects the others.
func bury(got *collector, ids ...string) rabbitmq.Handler {
	return func(ctx context.Context, batch []*rabbitmq.Delivery) error {
		var fine []*rabbitmq.Delivery
		for _, d := range batch {
			if strings.Contains(strings.Join(ids, " ")+" ", d.ID+" ") {
				d.Dead("cannot be decoded")
			} else {
				fine = append(fine, d)
			}
		}
		return got.handle(ctx, fine)
	}
}

// takeFrom gets n messages from a queue.
func (b *bundle) takeFrom(t *testing.T, queue string, n int) []amqp.Delivery {
	t.Helper()
	var taken []amqp.Delivery
	b.admin(t, func(ch *amqp.Channel) error {
		require.Eventually(t, func() bool {
			d, ok, err := ch.Get(queue, true)
			if err == nil && ok {
				taken = append(taken, d)
			}
			return len(taken) == n
		}, patience, 5*time.Millisecond)
		return nil
	})
	return taken
}

func TestDeadLettersCarryWhereTheyCameFrom(t *testing.T) {
	t.Parallel()
	b := setup(t)
	msgs := work(0, 20)
	msgs[3].Headers = map[string]string{"a": "b"}
	msgs[3].Body = []byte{0, 1, 255}
	b.publishAll(t, msgs)
	got := newCollector()
	b.consume(t, 10, bury(got, "m3", "m11"))
	got.await(t, 18)

	letters := b.takeFrom(t, "dead.v1", 2)
	require.Equal(t, "m3", letters[0].MessageId)
	require.Equal(t, msgs[3].Body, letters[0].Body)
	require.Equal(t, msgs[3].Time.Unix(), letters[0].Timestamp.Unix())
	for header, want := range map[string]string{
		"a": "b", rabbitmq.HeaderReason: "cannot be decoded", rabbitmq.HeaderExchange: "events",
		rabbitmq.HeaderKey: "work.done", rabbitmq.HeaderQueue: "work.v1",
	} {
		require.Equal(t, want, letters[0].Headers[header], header)
	}
	require.Equal(t, "m11", letters[1].MessageId)
	require.Zero(t, got.seen["m3"])
}

func TestTheBatchIsHeldWhileDeadLettersCannotBePublished(t *testing.T) {
	t.Parallel()
	lacking := topology()
	lacking.Queues[1].DeadExchange = "not.there.yet"
	b := start(t, rabbitmqtest.VHost(t), lacking)
	b.awaitReady(t)
	b.publishAll(t, work(0, 5))
	got := newCollector()
	b.consume(t, 1, bury(got, "m0"))
	b.log.await(t, "cannot be moved to the dead letters")
	require.Zero(t, got.count(), "those behind it wait")

	b.admin(t, func(ch *amqp.Channel) error {
		if err := ch.ExchangeDeclare("not.there.yet", "topic", true, false, false, false, nil); err != nil {
			return err
		}
		return ch.QueueBind("dead.v1", "worker", "not.there.yet", false, nil)
	})
	got.await(t, 4)
	require.Equal(t, "m0", b.takeFrom(t, "dead.v1", 1)[0].MessageId)
	require.Equal(t, 1, b.log.count("cannot be moved to the dead letters"))
}

func TestWhatABrokerRejectsIsNotLostEither(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publishAll(t, work(0, 1))
	b.admin(t, func(ch *amqp.Channel) error {
		d, ok, err := ch.Get("work.v1", false)
		require.NoError(t, err)
		require.True(t, ok)
		return d.Reject(false)
	})
	require.Equal(t, "m0", b.takeFrom(t, "dead.v1", 1)[0].MessageId)
}
