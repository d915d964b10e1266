package rabbitmq

import (
	"context"
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

// QueueState is what the broker says of a queue.
type QueueState struct {
	Name      string
	Exists    bool
	Messages  int    // ready to be delivered: without those that a consumer holds
	Consumers int    // of all replicas
	Problem   string // why the queue is not as this program needs it, and what to do; empty when it is
}

// Queues returns the names of the queues of the topology, in its order.
func (c *Client) Queues() []string {
	names := make([]string, 0, len(c.o.Topology.Queues))
	for _, q := range c.o.Topology.Queues {
		names = append(names, q.Name)
	}
	return names
}

// Inspect asks the broker for the state of a queue. A queue that is not there is no error, but a Problem, and is not
// made. An error means that the broker could not be asked.
func (c *Client) Inspect(ctx context.Context, queue string) (QueueState, error) {
	state := QueueState{Name: queue}
	s, err := c.consume.current() // the other one may be blocked
	if err != nil {
		return state, fmt.Errorf("inspect queue %q: %w", queue, errors.Join(ErrNotConnected, c.consume.ready()))
	}
	found, err := s.lookUp(ctx, queue)
	switch {
	case refusedWith(err, amqp.NotFound):
		state.Problem = fmt.Sprintf("queue %q does not exist; it is made as soon as the service that owns it is connected", queue)
		return state, nil
	case refusedWith(err, amqp.AccessRefused):
		state.Problem = declareError("queue", queue, err).Error()
		return state, nil
	case err != nil:
		return state, fmt.Errorf("inspect queue %q: %w", queue, err)
	}
	state.Exists, state.Messages, state.Consumers = true, found.Messages, found.Consumers
	for _, q := range c.o.Topology.Queues {
		if q.Name != queue {
			continue
		}
		// A passive declaration looks at no argument. This one makes nothing, since the queue is there.
		err := s.declare(ctx, Topology{Queues: []Queue{{Name: q.Name, DeadExchange: q.DeadExchange, DeadKey: q.DeadKey}}})
		switch {
		case refusedWith(err, amqp.PreconditionFailed), refusedWith(err, amqp.AccessRefused):
			state.Problem = err.Error()
		case err != nil:
			return state, fmt.Errorf("inspect queue %q: %w", queue, err)
		}
	}
	return state, nil
}

// refusedWith reports whether the broker refused a request, and with this code.
func refusedWith(err error, code int) bool {
	refused, ok := errors.AsType[*amqp.Error](err)
	return ok && refused.Code == code
}

// lookUp is a passive declaration on a channel of its own, since any failure closes the channel.
func (s *session) lookUp(ctx context.Context, queue string) (found amqp.Queue, err error) {
	var answer amqp.Queue // and not found: the request may go on after the call was given up
	err = s.call(ctx, func() error {
		ch, err := s.conn.Channel()
		if err != nil {
			return fmt.Errorf("open a channel: %w", err)
		}
		answer, err = ch.QueueDeclarePassive(queue, true, false, false, false, nil)
		return errors.Join(err, ch.Close())
	})
	if err != nil {
		return found, err
	}
	return answer, nil
}
