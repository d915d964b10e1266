package rabbitmq

import (
	"context"
	"maps"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Headers of a dead letter. With them it can be looked at, and published again where it came from.
const (
	HeaderReason   = "x-datasync-reason"
	HeaderExchange = "x-datasync-exchange"
	HeaderKey      = "x-datasync-key"
	HeaderQueue    = "x-datasync-queue"
)

// Delivery is one hand-over of a message. It is valid until the handler returns.
type Delivery struct {
	Body          []byte
	Exchange, Key string
	ID            string
	Headers       map[string]string // those whose value is a text
	Redelivered   bool              // it may have been handled before
	Time          time.Time         // what the message says, to the second; zero if it does not

	tag  uint64
	dead *string
}

func newDelivery(d amqp.Delivery) *Delivery {
	headers := map[string]string{}
	for name, value := range d.Headers {
		if text, ok := value.(string); ok {
			headers[name] = text
		}
	}
	return &Delivery{
		Body: d.Body, Exchange: d.Exchange, Key: d.RoutingKey, ID: d.MessageId, Headers: headers,
		Redelivered: d.Redelivered, tag: d.DeliveryTag, Time: d.Timestamp,
	}
}

// Dead marks a delivery that can never be handled, whatever is tried. Once the handler has returned nil it goes to its
// queue's dead letters. The reason is for an operator and must hold no personal data.
func (d *Delivery) Dead(reason string) { d.dead = &reason }

// maxReason keeps a reason within what a header may hold.
const maxReason = 1000

// letter is the message for the dead-letter queue of q.
func (d *Delivery) letter(q Queue) Message {
	headers := map[string]string{}
	if (Message{Headers: d.Headers}).Validate() == nil {
		maps.Copy(headers, d.Headers)
	}
	headers[HeaderReason] = (*d.dead)[:min(len(*d.dead), maxReason)]
	headers[HeaderExchange], headers[HeaderKey], headers[HeaderQueue] = d.Exchange, d.Key, q.Name
	return Message{
		Exchange: q.DeadExchange, Key: q.DeadKey, ID: d.ID, Headers: headers, Body: d.Body, Time: d.Time, forwarded: true,
	}
}

// Handler handles a batch: everything that has arrived, in the order of the queue, at least one delivery. It is called
// by one goroutine at a time. When it returns nil the batch is done: what it marked Dead goes to the dead letters, then
// all are acknowledged. When it returns an error the deliveries are held, and it is called again with the same batch,
// later and later (two seconds at most), until it succeeds. If the channel is lost meanwhile, the broker delivers them
// again, so a handler must bear to see a message twice. ctx is that of Consume.
type Handler func(ctx context.Context, batch []*Delivery) error
