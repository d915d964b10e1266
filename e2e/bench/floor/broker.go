package main

import (
	"context"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

// The two queues, one in each direction.
const (
	queue   = "floor.customers"
	changes = "floor.changes"
)

// broker is one connection with one channel to publish on and one to consume from.
type broker struct {
	conn       *amqp.Connection
	out, in    *amqp.Channel
	persistent bool
}

func openBroker(c Config) (*broker, error) {
	conn, err := amqp.Dial(c.AMQPURL)
	if err != nil {
		return nil, fmt.Errorf("connect to RabbitMQ: %w", err)
	}
	b := &broker{conn: conn, persistent: c.Persistent}
	if b.out, err = conn.Channel(); err != nil {
		return nil, fmt.Errorf("open a channel: %w", err)
	}
	if b.in, err = conn.Channel(); err != nil {
		return nil, fmt.Errorf("open a channel: %w", err)
	}
	for _, name := range []string{queue, changes} {
		if _, err := b.out.QueueDeclare(name, true, false, false, false, amqp.Table{"x-queue-type": c.QueueType}); err != nil {
			return nil, fmt.Errorf("declare %s: %w", name, err)
		}
	}
	return b, nil
}

// publish waits for nothing but the socket.
func (b *broker) publish(ctx context.Context, name, id string, body []byte) error {
	message := amqp.Publishing{MessageId: id, Body: body}
	if b.persistent {
		message.DeliveryMode = amqp.Persistent
	}
	return b.out.PublishWithContext(ctx, "", name, false, false, message)
}

// prefetch is how many deliveries the broker sends ahead.
const prefetch = 256

// deliveries have to be acknowledged, one by one.
func (b *broker) deliveries(ctx context.Context, name string) (<-chan amqp.Delivery, error) {
	if err := b.in.Qos(prefetch, 0, false); err != nil {
		return nil, fmt.Errorf("set the prefetch: %w", err)
	}
	arriving, err := b.in.ConsumeWithContext(ctx, name, "", false, false, false, false, nil)
	if err != nil {
		return nil, fmt.Errorf("consume %s: %w", name, err)
	}
	return arriving, nil
}
