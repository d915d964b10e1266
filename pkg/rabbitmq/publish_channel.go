package rabbitmq

import (
	"context"
	"errors"
	"fmt"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	window          = 256 // messages that wait for their confirmation at once
	publishChannels = 8   // of one connection: as many calls of Publish work side by side
)

// interruption is what ends the waiting for an answer of the broker.
type interruption struct {
	ctx     context.Context //nolint:containedctx // lives as long as one call
	session *session
	blocked <-chan struct{}
}

// wait returns nil when done is closed or has a value, and else why that is not waited for any longer.
func wait[T any](i interruption, done <-chan T) (T, error) {
	var none T
	select {
	case result := <-done:
		return result, nil
	default:
	}
	select {
	case result := <-done:
		return result, nil
	case <-i.ctx.Done():
		return none, i.ctx.Err()
	case <-i.blocked:
		return none, ErrBlocked
	case <-i.session.done:
		return none, fmt.Errorf("%w: %w", ErrNotConnected, i.session.lost())
	}
}

// publishChannel is a channel in confirm mode, used by one goroutine at a time.
type publishChannel struct {
	session *session
	ch      *amqp.Channel // nil until first used
	returns chan amqp.Return
	closed  chan *amqp.Error
	pending []*amqp.DeferredConfirmation
	failed  error         // why not all of a batch was written
	dirty   bool          // something is still under way on it: nobody else may use it
	writing chan struct{} // not nil while a goroutine writes on it
}

// borrow waits for a channel that nobody uses. Its number is limited, and with it the number of goroutines that a stuck
// socket can hold.
func (s *session) borrow(stop interruption) (*publishChannel, error) {
	p, err := wait(stop, s.slots)
	if err == nil && p == nil {
		p = &publishChannel{session: s}
	}
	return p, err
}

// giveBack makes room for the next one that publishes. A channel on which something is still under way is closed, which
// takes as long as that does.
func (s *session) giveBack(p *publishChannel) {
	if !p.dirty && (p.ch == nil || !p.ch.IsClosed()) {
		s.slots <- p
		return
	}
	s.start(func() {
		if p.writing != nil {
			<-p.writing
		}
		if p.ch != nil {
			_ = p.ch.Close()
		}
		s.slots <- nil
	})
}

// write puts the batch on the wire. The library looks at no context while the socket is stuck, so that the writing is
// left to a goroutine, which is left behind when it takes too long.
func (p *publishChannel) write(stop interruption, batch []Message) error {
	p.dirty = true
	written := make(chan struct{})
	p.writing = written
	var err error
	if !p.session.start(func() {
		defer close(written)
		err = p.writeAll(batch)
	}) {
		p.writing = nil
		return ErrNotConnected
	}
	if _, interrupted := wait(stop, written); interrupted != nil {
		return interrupted
	}
	p.writing = nil
	return err
}

func (p *publishChannel) writeAll(batch []Message) error {
	if err := p.open(); err != nil {
		return fmt.Errorf("%w: %w", ErrNotConnected, err)
	}
	p.pending, p.failed = p.pending[:0], nil
	for _, m := range batch {
		confirmation, err := p.ch.PublishWithDeferredConfirm(m.Exchange, m.Key, true, false, m.publishing())
		if err != nil {
			p.failed = err // what was written before may still be confirmed
			break
		}
		p.pending = append(p.pending, confirmation)
	}
	return nil
}

func (p *publishChannel) open() error {
	if p.ch != nil {
		return nil
	}
	ch, err := p.session.conn.Channel()
	if err != nil {
		return err
	}
	p.ch = ch
	p.closed = ch.NotifyClose(make(chan *amqp.Error, 1))
	p.returns = ch.NotifyReturn(make(chan amqp.Return, window)) // the library's reader must never wait for us
	return ch.Confirm(false)
}

// settle waits for the confirmations of the batch and returns what became of each message.
func (p *publishChannel) settle(stop interruption, batch []Message) []error {
	errs := make([]error, len(batch))
	var interrupted error
	for i, confirmation := range p.pending {
		if interrupted == nil {
			_, interrupted = wait(stop, confirmation.Done())
		}
		switch {
		case confirmation.Acked():
		case interrupted != nil:
			errs[i] = interrupted
		default:
			errs[i] = ErrNacked
		}
	}
	for i := len(p.pending); i < len(batch); i++ {
		errs[i] = fmt.Errorf("%w: %w", ErrNotConnected, p.failed)
	}
	p.dirty = interrupted != nil || p.failed != nil
	p.markReturned(batch, errs)
	p.markClosed(errs)
	return errs
}

// route tells the messages of a batch apart. Two with the same route and id are routed alike.
type route struct{ exchange, key, id string }

// markReturned marks what no queue wanted. The broker sends the return before the confirmation, so that all are here.
func (p *publishChannel) markReturned(batch []Message, errs []error) {
	returned := map[route]bool{}
	for more := true; more; {
		select {
		case r, ok := <-p.returns:
			returned[route{r.Exchange, r.RoutingKey, r.MessageId}] = ok
			more = ok
		default:
			more = false
		}
	}
	if len(returned) == 0 {
		return
	}
	for i, m := range batch {
		if errs[i] == nil && returned[route{m.Exchange, m.Key, m.ID}] {
			errs[i] = ErrUnroutable
		}
	}
}

// markClosed tells a refusal, on which the broker closes the channel, from the loss of the connection. Until here both
// look like negative confirmations of what was written before, and what came after was not even sent.
func (p *publishChannel) markClosed(errs []error) {
	if !p.ch.IsClosed() {
		return
	}
	reason := errors.New("the channel was closed")
	select {
	case closed := <-p.closed:
		if closed != nil {
			reason = closed
		}
	default:
	}
	kind := ErrRefused
	if p.session.conn.IsClosed() {
		kind = ErrNotConnected
	}
	for i, err := range errs {
		if i >= len(p.pending) || errors.Is(err, ErrNacked) {
			errs[i] = fmt.Errorf("%w: %w", kind, reason)
		}
	}
}
