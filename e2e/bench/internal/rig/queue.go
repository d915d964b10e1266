package rig

import (
	"context"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Message is one to put before a consumer.
type Message struct {
	Exchange, Key, ID string
	Body              []byte
}

// Broker is the benchmark's own connection to a virtual host.
type Broker struct {
	conn *amqp.Connection
	ch   *amqp.Channel
}

func (r *Rig) connect(amqpURL string) (*Broker, error) {
	conn, err := amqp.Dial(amqpURL)
	if err != nil {
		return nil, fmt.Errorf("connect to RabbitMQ: %w", err)
	}
	r.later(func(context.Context) error { return conn.Close() })
	ch, err := conn.Channel()
	if err != nil {
		return nil, err
	}
	return &Broker{conn: conn, ch: ch}, ch.Confirm(false)
}

// Publish puts messages into the broker and waits until all are stored.
func (b *Broker) Publish(ctx context.Context, messages []Message) error {
	pending := make([]*amqp.DeferredConfirmation, 0, len(messages))
	for _, m := range messages {
		confirmation, err := b.ch.PublishWithDeferredConfirmWithContext(ctx, m.Exchange, m.Key, false, false, amqp.Publishing{
			ContentType: "application/cloudevents+json", DeliveryMode: amqp.Persistent, MessageId: m.ID, Body: m.Body,
		})
		if err != nil {
			return fmt.Errorf("publish: %w", err)
		}
		pending = append(pending, confirmation)
	}
	for _, confirmation := range pending {
		if ok, err := confirmation.WaitContext(ctx); err != nil || !ok {
			return fmt.Errorf("the broker did not confirm a message: %w", err)
		}
	}
	return nil
}

// Purge empties a queue.
func (b *Broker) Purge(queue string) error {
	_, err := b.ch.QueuePurge(queue, false)
	return err
}

// Depth is how many messages wait in a queue.
func (b *Broker) Depth(queue string) (int, error) {
	q, err := b.ch.QueueDeclarePassive(queue, true, false, false, false, nil)
	return q.Messages, err
}
