package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Listen calls heard for each message that arrives at a fanout exchange, until ctx ends; then it returns nil. Nothing is
// stored for a listener that is away: heard is also called each time the connection is there (again), with no body,
// since something may have been missed.
func (c *Client) Listen(ctx context.Context, exchange string, heard func(body []byte)) error {
	var pause backoff
	var problem string
	for {
		s := c.consume.await(ctx)
		if s == nil {
			return nil
		}
		err := c.hear(ctx, s, exchange, heard)
		if err != nil && ctx.Err() == nil && !s.conn.IsClosed() && err.Error() != problem {
			problem = err.Error()
			c.o.Log.WarnContext(ctx, "announcements are not heard for now", slog.String("exchange", exchange), slog.Any("error", err))
		}
		if !pause.wait(ctx, nil) {
			return nil
		}
	}
}

// hear listens on one connection, through a queue that ends with it.
func (c *Client) hear(ctx context.Context, s *session, exchange string, heard func(body []byte)) error {
	var ch *amqp.Channel
	var arriving <-chan amqp.Delivery
	err := s.call(ctx, func() (err error) {
		if ch, err = s.conn.Channel(); err != nil {
			return err
		}
		arriving, err = tap(ch, exchange, c.o.Name)
		if err != nil {
			return errors.Join(err, ch.Close())
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("listen to %s: %w", exchange, err)
	}
	heard(nil)
	for {
		select {
		case d, ok := <-arriving:
			if !ok {
				return fmt.Errorf("listen to %s: the channel was closed", exchange)
			}
			heard(d.Body)
		case <-ctx.Done():
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
			defer cancel()
			s.start(func() {
				for range arriving { // the library waits until somebody has taken what it holds
				}
			})
			_ = s.call(closing, ch.Close) // what it does not close, the end of the connection will
			return nil
		}
	}
}

// tap binds a queue of its own to the exchange. Messages need no acknowledgement.
func tap(ch *amqp.Channel, exchange, consumer string) (<-chan amqp.Delivery, error) {
	queue, err := ch.QueueDeclare("", false, true, true, false, nil)
	if err != nil {
		return nil, err
	}
	if err := ch.QueueBind(queue.Name, "", exchange, false, nil); err != nil {
		return nil, err
	}
	return ch.Consume(queue.Name, consumer, true, true, false, false, nil)
}
