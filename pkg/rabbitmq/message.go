package rabbitmq

import (
	"errors"
	"fmt"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Message is one message to publish. It is always persistent and of type application/cloudevents+json.
type Message struct {
	Exchange, Key string
	ID            string // becomes the property message_id
	Headers       map[string]string
	Body          []byte
	Time          time.Time

	forwarded bool // the broker has taken it before, whatever its size
}

// What can keep a message from being published. Any of them may be met again or gone at the next try.
var (
	ErrNotConnected = errors.New("not connected to RabbitMQ")
	ErrBlocked      = errors.New("RabbitMQ takes no messages for now")          // low on memory or disk
	ErrUnroutable   = errors.New("no queue is bound for this message")          // not stored anywhere
	ErrNacked       = errors.New("RabbitMQ could not store the message")        // a queue is full or has lost its quorum
	ErrRefused      = errors.New("RabbitMQ refuses messages for this exchange") // it does not exist, or no permission
	ErrInvalid      = errors.New("the message cannot be sent with AMQP")        // and never will be
)

// Limits of a message. The protocol allows 255 bytes for a short string; the rest is what RabbitMQ takes at its defaults,
// 4.x being stricter than 3.10.
const (
	maxShort   = 255
	maxHeaders = 64 << 10 // all headers must fit in one frame of 128 KiB, with room for those of a dead letter
)

// MaxBody is the size of the largest body that can be sent.
const MaxBody = 16 << 20

// Validate returns an error that wraps ErrInvalid when the message can never be sent: the broker would close the whole
// connection on it.
func (m Message) Validate() error {
	for what, text := range map[string]string{"exchange": m.Exchange, "key": m.Key, "id": m.ID} {
		if len(text) > maxShort {
			return fmt.Errorf("%w: its %s is longer than %d bytes", ErrInvalid, what, maxShort)
		}
	}
	size := 0
	for name, value := range m.Headers {
		if len(name) > maxShort {
			return fmt.Errorf("%w: a header's name is longer than %d bytes", ErrInvalid, maxShort)
		}
		size += len(name) + len(value)
	}
	if size > maxHeaders {
		return fmt.Errorf("%w: its headers are larger than %d bytes", ErrInvalid, maxHeaders)
	}
	if len(m.Body) > MaxBody && !m.forwarded {
		return fmt.Errorf("%w: its body is larger than %d bytes", ErrInvalid, MaxBody)
	}
	return nil
}

func (m Message) publishing() amqp.Publishing {
	var headers amqp.Table
	if len(m.Headers) > 0 {
		headers = make(amqp.Table, len(m.Headers))
		for name, value := range m.Headers {
			headers[name] = value
		}
	}
	return amqp.Publishing{
		ContentType:  "application/cloudevents+json",
		DeliveryMode: amqp.Persistent,
		MessageId:    m.ID,
		Timestamp:    m.Time,
		Headers:      headers,
		Body:         m.Body,
	}
}
