package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Publish publishes msgs and returns an error for each of them, in their order: nil when the broker has confirmed that
// it keeps the message and has routed it to at least one queue. It blocks until all are settled or ctx ends, also when
// the socket is stuck. A message with an error may have been published all the same, or still be: its confirmation may
// have been lost. So nobody may change msgs afterwards.
//
// The errors wrap ErrNotConnected, ErrBlocked, ErrUnroutable, ErrNacked, ErrRefused, ErrInvalid or the context's error.
// All but ErrUnroutable, ErrRefused and ErrInvalid hold for every message alike.
func (c *Client) Publish(ctx context.Context, msgs []Message) []error {
	errs := make([]error, 0, len(msgs))
	for part := range slices.Chunk(msgs, window) {
		results := c.publishPart(ctx, part)
		errs = append(errs, results...)
		if err := results[len(results)-1]; hopeless(err) {
			return append(errs, slices.Repeat([]error{err}, len(msgs)-len(errs))...)
		}
	}
	return errs
}

// hopeless reports whether what happened to a message will happen to the next one too.
func hopeless(err error) bool {
	for _, kind := range []error{ErrNotConnected, ErrBlocked, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// publishPart publishes up to window messages. The broker refuses by closing the channel, and takes messages along that
// have nothing to do with it; so what was refused is tried once more, each exchange by itself, after making the
// exchanges that are ours in case somebody deleted them.
func (c *Client) publishPart(ctx context.Context, msgs []Message) []error {
	all := make([]int, len(msgs))
	for i := range all {
		all[i] = i
	}
	errs := make([]error, len(msgs))
	c.publishSome(ctx, msgs, all, errs)

	refused := map[string][]int{}
	for i, err := range errs {
		if errors.Is(err, ErrRefused) {
			refused[msgs[i].Exchange] = append(refused[msgs[i].Exchange], i)
		}
	}
	if len(refused) == 0 {
		return errs
	}
	if s, err := c.publish.current(); err == nil {
		_ = s.declare(ctx, c.o.Topology) // the supervisor reports what is wrong with it
	}
	for _, some := range refused {
		c.publishSome(ctx, msgs, some, errs)
	}
	return errs
}

// publishSome publishes the chosen messages over one channel and sets their errors.
func (c *Client) publishSome(ctx context.Context, msgs []Message, chosen []int, errs []error) {
	valid := make([]int, 0, len(chosen))
	for _, i := range chosen {
		if errs[i] = msgs[i].Validate(); errs[i] == nil {
			valid = append(valid, i)
		}
	}
	if len(valid) == 0 {
		return
	}
	batch := make([]Message, len(valid))
	for n, i := range valid {
		batch[n] = msgs[i]
	}
	results, err := c.send(ctx, batch)
	for n, i := range valid {
		if err != nil {
			errs[i] = err
		} else {
			errs[i] = results[n]
		}
	}
}

// send publishes batch and waits for its confirmations. An error means that nothing is known about any of them.
func (c *Client) send(ctx context.Context, batch []Message) ([]error, error) {
	s, err := c.publish.current()
	if err != nil {
		return nil, err
	}
	blocked, why := s.whenBlocked()
	if why != "" {
		return nil, fmt.Errorf("%w: %s", ErrBlocked, why)
	}
	stop := interruption{ctx: ctx, session: s, blocked: blocked}
	p, err := s.borrow(stop)
	if err != nil {
		return nil, err
	}
	defer s.giveBack(p)
	if err := p.write(stop, batch); err != nil {
		return nil, err
	}
	return p.settle(stop, batch), nil
}
