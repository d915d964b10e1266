package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Consume hands what arrives in queue to handle, up to prefetch deliveries at once, until ctx ends; then it returns nil.
// It survives the loss of the connection, the channel and the queue by itself. It fails at once when prefetch is not
// positive. Deliveries that are being handled when ctx ends are acknowledged if the handler still succeeds, and else
// delivered again to somebody.
func (c *Client) Consume(ctx context.Context, queue string, prefetch int, handle Handler) error {
	if prefetch < 1 {
		return fmt.Errorf("consume %s: prefetch is %d and must be at least 1", queue, prefetch)
	}
	k := &consumer{
		client: c, queue: c.o.Topology.queue(queue), prefetch: prefetch, handle: handle,
		log: c.o.Log.With(slog.String("queue", queue)),
	}
	defer c.setConsumer(queue, nil)
	k.run(ctx)
	return nil
}

type consumer struct {
	client   *Client
	queue    Queue
	prefetch int
	handle   Handler
	log      *slog.Logger
	failing  bool   // the handler, as last seen: logged once a streak
	problem  string // the last one that was logged
}

// run subscribes again whenever a subscription ends.
func (k *consumer) run(ctx context.Context) {
	var pause backoff
	for {
		s := k.client.consume.await(ctx)
		if s == nil {
			return
		}
		began := time.Now()
		err := k.subscribe(ctx, s)
		if ctx.Err() != nil {
			return
		}
		if !s.conn.IsClosed() { // else the supervisor says it
			k.report(ctx, err)
			_ = s.declare(ctx, k.client.o.Topology) // somebody may have deleted the queue
		}
		if time.Since(began) > lastDelay {
			pause.reset()
		}
		pause.wait(ctx, nil)
	}
}

// subscribe consumes until the channel is lost or ctx ends.
func (k *consumer) subscribe(ctx context.Context, s *session) error {
	var ch *amqp.Channel
	var arriving <-chan amqp.Delivery
	err := s.call(ctx, func() (err error) {
		ch, arriving, err = k.open(s)
		return err
	})
	if err != nil {
		return fmt.Errorf("consume %s: %w", k.queue.Name, err)
	}
	closed := ch.NotifyClose(make(chan *amqp.Error, 1))
	// Only what has been acknowledged is not delivered again: closing gives the rest to somebody else.
	defer k.close(ctx, s, ch)
	ended := make(chan struct{})
	defer close(ended)
	sub := &subscription{
		consumer: k, ch: ch, arrived: make(chan amqp.Delivery, k.prefetch), lost: make(chan struct{}), ended: ended,
	}
	s.start(func() { sub.collect(arriving) })
	k.report(ctx, nil)
	err = sub.work(ctx)
	select {
	case reason := <-closed:
		if reason != nil {
			return fmt.Errorf("the channel was closed: %w", reason) // also when deliveries were held: this tells why
		}
	default:
	}
	if err != nil {
		return err
	}
	return errors.New("the broker cancelled the subscription")
}

// report makes a problem visible, and logs it when it is new.
func (k *consumer) report(ctx context.Context, problem error) {
	k.client.setConsumer(k.queue.Name, problem)
	if problem == nil {
		k.log.DebugContext(ctx, "subscribed")
		return
	}
	if problem.Error() != k.problem {
		k.problem = problem.Error()
		k.log.WarnContext(ctx, "the subscription was lost; trying again", slog.Any("error", problem))
	}
}

func (k *consumer) open(s *session) (*amqp.Channel, <-chan amqp.Delivery, error) {
	ch, err := s.conn.Channel()
	if err != nil {
		return nil, nil, err
	}
	if err := ch.Qos(k.prefetch, 0, false); err != nil {
		return nil, nil, errors.Join(err, ch.Close())
	}
	arriving, err := ch.Consume(k.queue.Name, k.client.o.Name, false, false, false, false, nil)
	if err != nil {
		return nil, nil, errors.Join(err, ch.Close())
	}
	return ch, arriving, nil
}

func (k *consumer) close(ctx context.Context, s *session, ch *amqp.Channel) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	_ = s.call(ctx, ch.Close) // what it does not close, the end of the connection will
}
