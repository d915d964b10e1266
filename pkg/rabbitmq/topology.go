package rabbitmq

import (
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Topology is what a service needs at the broker. It is declared on each connect and again every few seconds, so that
// what somebody deleted comes back. Exchanges come first, then queues in the order given: a dead-letter queue before the
// queue that needs it.
type Topology struct {
	Exchanges []Exchange
	Queues    []Queue
}

// Exchange is a durable exchange.
type Exchange struct{ Name, Kind string }

// Queue is a durable quorum queue. Its arguments cannot change once it exists: put a version in its name.
type Queue struct {
	Name                  string
	Bindings              []Binding
	DeadExchange, DeadKey string // where its dead letters go; empty: it has none
}

// Binding brings messages of an exchange to a queue.
type Binding struct{ Exchange, Key string }

// deliveryLimit is how often a message may return to its queue. The default of RabbitMQ 4.x drops messages after 20
// crashes of a consumer, and 3.10 takes -1 for zero: a number that is never reached means the same to both.
const deliveryLimit = 1_000_000

func (q Queue) arguments() amqp.Table {
	arguments := amqp.Table{
		"x-queue-type":     "quorum",
		"x-delivery-limit": int64(deliveryLimit),
		"x-overflow":       "reject-publish", // never drop the oldest, whatever length limit an operator's policy sets
	}
	if q.DeadExchange != "" {
		arguments["x-dead-letter-exchange"] = q.DeadExchange
		arguments["x-dead-letter-routing-key"] = q.DeadKey
		arguments["x-dead-letter-strategy"] = "at-least-once"
	}
	return arguments
}

func (t Topology) queue(name string) Queue {
	for _, q := range t.Queues {
		if q.Name == name {
			return q
		}
	}
	return Queue{Name: name}
}

// declare makes what is missing. A channel that has failed is closed by the broker and cannot be used again.
func (t Topology) declare(ch *amqp.Channel) error {
	for _, e := range t.Exchanges {
		if err := ch.ExchangeDeclare(e.Name, e.Kind, true, false, false, false, nil); err != nil {
			return declareError("exchange", e.Name, err)
		}
	}
	for _, q := range t.Queues {
		if _, err := ch.QueueDeclare(q.Name, true, false, false, false, q.arguments()); err != nil {
			return declareError("queue", q.Name, err)
		}
		for _, b := range q.Bindings {
			if err := ch.QueueBind(q.Name, b.Key, b.Exchange, false, nil); err != nil {
				return declareError("binding of queue", q.Name, err)
			}
		}
	}
	return nil
}

func declareError(what, name string, err error) error {
	refused, ok := errors.AsType[*amqp.Error](err)
	if !ok {
		return fmt.Errorf("declare %s %q: %w", what, name, err)
	}
	switch refused.Code {
	case amqp.PreconditionFailed:
		return fmt.Errorf("%s %q exists at the broker with other properties than this program needs: "+
			"stop what publishes to it, let it run empty, delete it and it will be made anew (%w)", what, name, err)
	case amqp.AccessRefused:
		return fmt.Errorf("the RabbitMQ user may not declare %s %q: "+
			"grant it configure, write and read permissions on the virtual host (%w)", what, name, err)
	}
	return fmt.Errorf("declare %s %q: %w", what, name, err)
}
