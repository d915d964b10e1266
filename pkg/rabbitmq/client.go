package rabbitmq

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"
)

// Options of a client. URL and Name are required.
type Options struct {
	URL      string // amqp://user:password@host:port/vhost
	Name     string // of the connections, as an operator sees them at the broker
	Topology Topology
	Log      *slog.Logger
}

// Client is a service's access to RabbitMQ. All methods are safe for concurrent use. Nothing works before Run is called,
// and nothing has to wait for it.
type Client struct {
	o Options
	// Two connections: the broker stops reading from one that publishes too much, and acknowledgements must go on.
	publish, consume *supervisor

	mu        sync.Mutex
	consumers map[string]error // queue -> what keeps it from being consumed
}

// New returns a client that is not connected yet.
func New(o Options) *Client {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Client{
		o: o, publish: newSupervisor(o, "publish"), consume: newSupervisor(o, "consume"), consumers: map[string]error{},
	}
}

// Run keeps the client connected until ctx ends, then closes the connections and returns nil. It fails only when the
// URL is not one. Stop whatever publishes or consumes before ending ctx.
func (c *Client) Run(ctx context.Context) error {
	if _, err := amqp.ParseURI(c.o.URL); err != nil {
		return errInvalidURL // the cause may hold the password
	}
	var both sync.WaitGroup
	both.Go(func() { c.publish.run(ctx) })
	both.Go(func() { c.consume.run(ctx) })
	both.Wait()
	return nil
}

// Ready returns nil when everything is connected, declared and taken, or a sentence that says what is not.
func (c *Client) Ready() error {
	if err := c.publish.ready(); err != nil {
		return err
	}
	if err := c.consume.ready(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	problems := make([]error, 0, len(c.consumers))
	for _, err := range c.consumers {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

func (c *Client) setConsumer(queue string, problem error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if problem == nil {
		delete(c.consumers, queue)
	} else {
		c.consumers[queue] = problem
	}
}
