package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// answerTimeout is how long the broker may take to answer a request before the connection is thrown away.
const answerTimeout = 15 * time.Second

// session is one connection, from dial to loss. It is never repaired: a new one takes its place.
type session struct {
	conn   *amqp.Connection
	done   chan struct{} // closed when the connection is
	reason *amqp.Error   // why, once done is closed; nil: we closed it
	slots  chan *publishChannel
	calls  sync.WaitGroup // goroutines that may be stuck in the library until the connection is closed

	mu      sync.Mutex
	closing bool
	blocked chan struct{} // closed while the broker takes no messages
	why     string
}

func newSession(conn *amqp.Connection) *session {
	s := &session{
		conn: conn, done: make(chan struct{}), blocked: make(chan struct{}), slots: make(chan *publishChannel, publishChannels),
	}
	for range publishChannels {
		s.slots <- nil
	}
	closed := conn.NotifyClose(make(chan *amqp.Error, 1))
	blocked := conn.NotifyBlocked(make(chan amqp.Blocking, 1))
	s.start(func() {
		s.reason = <-closed
		close(s.done)
	})
	s.start(func() {
		for b := range blocked {
			s.setBlocked(b)
		}
	})
	return s
}

// start runs f in a goroutine that close waits for. After close it does nothing and returns false.
func (s *session) start(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.calls.Go(f)
	}
	return !s.closing
}

// close ends the connection, also when its socket is stuck, and waits for what runs on it.
func (s *session) close() {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	_ = s.conn.CloseDeadline(time.Now().Add(closeTimeout)) // closed in any case
	s.calls.Wait()
}

// lost says why the connection is gone. Only after done.
func (s *session) lost() error {
	if s.reason == nil {
		return ErrNotConnected
	}
	return fmt.Errorf("the connection to RabbitMQ was lost: %w", s.reason)
}

func (s *session) setBlocked(b amqp.Blocking) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.why != ""
	switch {
	case b.Active && !was:
		s.why = b.Reason + " (blocked by the broker)"
		close(s.blocked)
	case !b.Active && was:
		s.why = ""
		s.blocked = make(chan struct{})
	}
}

// whenBlocked returns a channel that is closed as soon as the broker takes no messages, and the reason if it is so now.
func (s *session) whenBlocked() (blocked <-chan struct{}, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.blocked, s.why
}

// call runs a request that the library gives no context to. When ctx ends it returns and leaves the request behind;
// when the broker does not answer, the connection is thrown away.
func (s *session) call(ctx context.Context, request func() error) error {
	answered := make(chan error, 1)
	if !s.start(func() { answered <- request() }) {
		return ErrNotConnected
	}
	timer := time.NewTimer(answerTimeout)
	defer timer.Stop()
	select {
	case err := <-answered:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		_ = s.conn.CloseDeadline(time.Now().Add(closeTimeout))
		return errors.New("RabbitMQ does not answer")
	}
}

// declare declares the topology on a channel of its own, since any failure closes the channel.
func (s *session) declare(ctx context.Context, t Topology) error {
	return s.call(ctx, func() error {
		ch, err := s.conn.Channel()
		if err != nil {
			return fmt.Errorf("open a channel: %w", err)
		}
		return errors.Join(t.declare(ch), ch.Close())
	})
}
