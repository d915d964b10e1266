package rabbitmq_test

import (
	"context"
	"errors"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

func TestConsumeKeepsTheOrderAndTheContent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	msgs := work(0, 20)
	msgs[7].Headers = map[string]string{"a": "b"}
	b.publishAll(t, msgs)
	arrived := make(chan *rabbitmq.Delivery, len(msgs))
	b.consume(t, 5, func(_ context.Context, batch []*rabbitmq.Delivery) error {
		for _, d := range batch {
			arrived <- d
		}
		return nil
	})
	for i, m := range msgs {
		d := <-arrived
		require.Equal(t, m.ID, d.ID)
		require.Equal(t, m.Body, d.Body)
		require.Equal(t, "events", d.Exchange)
		require.Equal(t, "work.done", d.Key)
		require.False(t, d.Redelivered)
		if i == 7 {
			require.Equal(t, m.Headers, d.Headers)
		}
	}
}

func TestConsumeTakesNoMoreThanPrefetch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publishAll(t, work(0, 50))
	goOn, sizes := make(chan struct{}), make(chan int, 50)
	got := newCollector()
	b.consume(t, 7, func(ctx context.Context, batch []*rabbitmq.Delivery) error {
		sizes <- len(batch)
		select {
		case <-goOn:
		case <-ctx.Done():
		}
		return got.handle(ctx, batch)
	})
	largest := <-sizes
	b.admin(t, func(ch *amqp.Channel) error {
		require.Eventually(t, func() bool {
			q, err := ch.QueueDeclarePassive("work.v1", true, false, false, false, nil)
			return err == nil && q.Messages == 50-7
		}, patience, 20*time.Millisecond, "43 wait, 7 are under way")
		return nil
	})
	close(goOn)
	got.await(t, 50)
	for len(sizes) > 0 {
		largest = max(largest, <-sizes)
	}
	require.Greater(t, largest, 1, "what has arrived is taken together")
	require.LessOrEqual(t, largest, 7)
}

func TestAFailingHandlerHoldsItsBatch(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publishAll(t, work(0, 30))
	got, attempts := newCollector(), 0
	var held []*rabbitmq.Delivery
	b.consume(t, 10, func(ctx context.Context, batch []*rabbitmq.Delivery) error {
		attempts++
		if attempts == 1 {
			held = batch
		}
		if attempts <= 4 {
			if len(batch) != len(held) || batch[0] != held[0] {
				t.Errorf("another batch in attempt %d", attempts)
			}
			batch[0].Dead("not for long") // does not count: the attempt fails
			return errors.New("database is away")
		}
		return got.handle(ctx, batch)
	})
	got.await(t, 30)
	for id, times := range got.seen {
		require.Equal(t, 1, times, id)
	}
	require.Equal(t, 1, b.log.count("deliveries are held"))
	b.log.await(t, "deliveries are handled again")
	require.Zero(t, b.log.count("moved to the dead letters"))
}

func TestConsumeSurvivesTheLossOfItsConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := newCollector()
	b.consume(t, 10, got.handle)
	for round := range 2 {
		b.publishAll(t, work(round*100, round*100+100))
		b.kill(t, 2)
	}
	b.publishAll(t, work(200, 300))
	got.await(t, 300)
}

func TestDeliveriesThatAreHeldComeAgainAfterTheConnectionIsLost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publishAll(t, work(0, 10))
	got, failing := newCollector(), make(chan struct{})
	redelivered := make(chan bool, 10)
	b.consume(t, 10, func(ctx context.Context, batch []*rabbitmq.Delivery) error {
		if !batch[0].Redelivered {
			select {
			case failing <- struct{}{}:
			default:
			}
			return errors.New("database is away")
		}
		for _, d := range batch {
			redelivered <- d.Redelivered
		}
		return got.handle(ctx, batch)
	})
	<-failing
	b.kill(t, 2)
	got.await(t, 10)
	for range 10 {
		require.True(t, <-redelivered)
	}
}

func TestConsumeSurvivesTheDeletionOfItsQueue(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := newCollector()
	b.consume(t, 10, got.handle)
	b.publishAll(t, work(0, 10))
	got.await(t, 10)
	b.admin(t, func(ch *amqp.Channel) error {
		_, err := ch.QueueDelete("work.v1", false, false, false)
		return err
	})
	b.publishAll(t, work(10, 20))
	got.await(t, 20)
	b.awaitReady(t)
}

// A queue that is not there makes the broker close the channel.
func TestConsumeWaitsForAQueueOfSomebodyElse(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	got, ended := newCollector(), make(chan error, 1)
	go func() { ended <- b.client.Consume(ctx, "later.v1", 10, got.handle) }()
	b.log.await(t, "the subscription was lost")
	require.ErrorContains(t, b.client.Ready(), "no queue 'later.v1'")
	b.admin(t, func(ch *amqp.Channel) error {
		if _, err := ch.QueueDeclare("later.v1", true, false, false, false, nil); err != nil {
			return err
		}
		return ch.QueueBind("later.v1", "work.#", "events", false, nil)
	})
	b.awaitReady(t)
	b.publishAll(t, work(0, 10))
	got.await(t, 10)
	cancel()
	require.NoError(t, <-ended)
	require.Equal(t, 1, b.log.count("the subscription was lost"), "logged once, however often it was tried")
}

func TestConsumeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.publishAll(t, work(0, 10))
	failing := make(chan struct{}, 100)
	stop := b.consume(t, 10, func(context.Context, []*rabbitmq.Delivery) error {
		failing <- struct{}{}
		return errors.New("never")
	})
	<-failing
	stop()
	got := newCollector()
	b.consume(t, 10, got.handle)
	got.await(t, 10) // what was held went back to the queue
}

func TestConsumeRefusesToTakeEverything(t *testing.T) {
	t.Parallel()
	client := rabbitmq.New(rabbitmq.Options{URL: "amqp://guest:guest@127.0.0.1:1/", Name: "test"})
	require.ErrorContains(t, client.Consume(t.Context(), "work.v1", 0, newCollector().handle), "prefetch")
}
