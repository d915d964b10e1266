package rabbitmq_test

import (
	"context"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/rabbitmq/rabbitmqtest"
)

func TestInspectCountsMessagesAndConsumers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.Equal(t, []string{"dead.v1", "work.v1"}, b.client.Queues())
	b.publishAll(t, work(0, 7))
	state := b.inspect(t, "work.v1")
	require.Equal(t, rabbitmq.QueueState{Name: "work.v1", Exists: true, Messages: 7}, state)

	got := newCollector()
	b.consume(t, 10, got.handle)
	got.await(t, 7)
	require.Eventually(t, func() bool {
		return b.inspect(t, "work.v1") == rabbitmq.QueueState{Name: "work.v1", Exists: true, Consumers: 1}
	}, patience, 10*time.Millisecond)
}

func TestInspectTellsOfAQueueThatIsNotThere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	state := b.inspect(t, "later.v1")
	require.False(t, state.Exists)
	require.Contains(t, state.Problem, `queue "later.v1" does not exist`)
	b.admin(t, func(ch *amqp.Channel) error {
		_, err := ch.QueueDeclarePassive("later.v1", true, false, false, false, nil)
		require.ErrorContains(t, err, "no queue", "looking made nothing")
		return nil
	})
	require.True(t, b.inspect(t, "work.v1").Exists, "a refusal spoils nothing")
	require.NoError(t, b.client.Ready())
}

func TestInspectExplainsOtherArguments(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var state rabbitmq.QueueState
	require.Eventually(t, func() bool { // the client itself may be faster to make it again
		b.admin(t, func(ch *amqp.Channel) error {
			_, err := ch.QueueDelete("dead.v1", false, false, false)
			if err == nil {
				_, _ = ch.QueueDeclare("dead.v1", true, false, false, false, nil)
			}
			return err
		})
		state = b.inspect(t, "dead.v1")
		return state.Problem != ""
	}, patience, 10*time.Millisecond)
	require.True(t, state.Exists)
	require.Contains(t, state.Problem, "exists at the broker with other properties than this program needs")
}

func TestInspectNeedsABroker(t *testing.T) {
	t.Parallel()
	client := rabbitmq.New(rabbitmq.Options{URL: "amqp://guest:guest@127.0.0.1:1/", Name: "test"})
	_, err := client.Inspect(t.Context(), "work.v1")
	require.ErrorIs(t, err, rabbitmq.ErrNotConnected)

	b := start(t, rabbitmqtest.VHost(t), topology())
	b.awaitReady(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = b.client.Inspect(gone, "work.v1")
	require.ErrorIs(t, err, context.Canceled)
}

func (b *bundle) inspect(t *testing.T, queue string) rabbitmq.QueueState {
	t.Helper()
	state, err := b.client.Inspect(t.Context(), queue)
	require.NoError(t, err)
	return state
}
