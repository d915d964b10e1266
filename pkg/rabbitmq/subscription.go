package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	amqp "github.com/rabbitmq/amqp091-go"
)

var errLost = errors.New("the channel was lost while deliveries were held; the broker delivers them again")

// subscription is one channel that consumes, from start to loss. Its delivery tags mean nothing to the next one.
type subscription struct {
	*consumer
	ch      *amqp.Channel
	arrived chan amqp.Delivery // holds prefetch deliveries: all that the broker may send unacknowledged
	lost    chan struct{}      // closed with the channel
	ended   <-chan struct{}    // closed when nobody takes batches any more
}

// collect moves deliveries to where a batch can be taken from.
func (s *subscription) collect(arriving <-chan amqp.Delivery) {
	defer close(s.lost)
	for d := range arriving {
		select {
		case s.arrived <- d:
		case <-s.ended:
			return
		}
	}
}

// work handles batch after batch until the channel is lost or ctx ends.
func (s *subscription) work(ctx context.Context) error {
	for {
		batch := s.next(ctx)
		if len(batch) == 0 {
			return nil
		}
		if !s.handled(ctx, batch) || !s.buried(ctx, batch) {
			return errLost
		}
		if err := s.ch.Ack(batch[len(batch)-1].tag, true); err != nil {
			return fmt.Errorf("acknowledge: %w", err)
		}
	}
}

// next waits for a delivery and takes along what else is there. Nothing means that there will be no more.
func (s *subscription) next(ctx context.Context) []*Delivery {
	batch := make([]*Delivery, 0, s.prefetch)
	select {
	case <-ctx.Done():
		return nil
	case <-s.lost:
		return nil
	case d := <-s.arrived:
		batch = append(batch, newDelivery(d))
	}
	for len(batch) < s.prefetch {
		select {
		case d := <-s.arrived:
			batch = append(batch, newDelivery(d))
		default:
			return batch
		}
	}
	return batch
}

// handled calls the handler until it succeeds; false when the batch was given up.
func (s *subscription) handled(ctx context.Context, batch []*Delivery) bool {
	var pause backoff
	for {
		for _, d := range batch {
			d.dead = nil
		}
		err := s.handle(ctx, batch)
		if err == nil {
			if s.failing {
				s.failing = false
				s.log.InfoContext(ctx, "deliveries are handled again")
			}
			return true
		}
		if ctx.Err() == nil && !s.failing {
			s.failing = true
			s.log.WarnContext(ctx, "deliveries are held: they cannot be handled now", slog.Any("error", err))
		}
		if !pause.wait(ctx, s.lost) {
			return false
		}
	}
}

// buried publishes the dead letters of the batch until the broker has confirmed each; false when the batch was given up.
func (s *subscription) buried(ctx context.Context, batch []*Delivery) bool {
	var letters []Message
	for _, d := range batch {
		if d.dead != nil {
			letters = append(letters, d.letter(s.queue))
		}
	}
	var pause backoff
	for logged := false; len(letters) > 0; logged = true {
		var err error
		if letters, err = s.bury(ctx, letters); err == nil {
			break
		}
		if ctx.Err() == nil && !logged {
			s.log.ErrorContext(ctx, "deliveries are held: they cannot be moved to the dead letters", slog.Any("error", err))
		}
		if !pause.wait(ctx, s.lost) {
			return false
		}
	}
	return true
}

// bury publishes letters and returns those that have to be tried again, and why.
func (s *subscription) bury(ctx context.Context, letters []Message) (rest []Message, failed error) {
	if s.queue.DeadExchange == "" {
		return letters, fmt.Errorf("queue %s has no dead-letter exchange", s.queue.Name)
	}
	for i, err := range s.client.Publish(ctx, letters) {
		if err == nil {
			s.log.WarnContext(ctx, "moved to the dead letters", slog.String("message_id", letters[i].ID),
				slog.String("key", letters[i].Headers[HeaderKey]), slog.String("reason", letters[i].Headers[HeaderReason]))
			continue
		}
		rest, failed = append(rest, letters[i]), err
	}
	return rest, failed
}
