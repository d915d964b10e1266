package rabbitmq_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/rabbitmq/rabbitmqtest"
)

const patience = 20 * time.Second

func topology() rabbitmq.Topology {
	return rabbitmq.Topology{
		Exchanges: []rabbitmq.Exchange{{Name: "events", Kind: "topic"}, {Name: "dead", Kind: "topic"}},
		Queues: []rabbitmq.Queue{
			{Name: "dead.v1", Bindings: []rabbitmq.Binding{{Exchange: "dead", Key: "worker"}}},
			{
				Name: "work.v1", Bindings: []rabbitmq.Binding{{Exchange: "events", Key: "work.#"}},
				DeadExchange: "dead", DeadKey: "worker",
			},
		},
	}
}

type bundle struct {
	url    string
	client *rabbitmq.Client
	log    *watchedLog
	stop   func() // ends Run and waits for it
}

// setup returns a client that runs in a virtual host of its own and is ready.
func setup(t *testing.T) *bundle {
	t.Helper()
	b := start(t, rabbitmqtest.VHost(t), topology())
	b.awaitReady(t)
	return b
}

// start returns a client that runs, but is perhaps not connected yet.
func start(t *testing.T, url string, topology rabbitmq.Topology) *bundle {
	t.Helper()
	log := newWatchedLog()
	client := rabbitmq.New(rabbitmq.Options{URL: url, Name: "test", Topology: topology, Log: log.Logger})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- client.Run(ctx) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(stop)
	return &bundle{url: url, client: client, log: log, stop: stop}
}

func (b *bundle) awaitReady(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return b.client.Ready() == nil }, patience, 5*time.Millisecond)
}

// kill closes the connections of the bundle's virtual host from the broker's side.
func (b *bundle) kill(t *testing.T, atLeast int) {
	t.Helper()
	require.Eventually(t, func() bool {
		atLeast -= rabbitmqtest.KillConnections(t, b.url)
		return atLeast <= 0
	}, patience, 100*time.Millisecond)
}

// admin runs f on a channel of its own, as an operator would with a tool.
func (b *bundle) admin(t *testing.T, f func(*amqp.Channel) error) {
	t.Helper()
	conn, err := amqp.Dial(b.url)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	ch, err := conn.Channel()
	require.NoError(t, err)
	require.NoError(t, f(ch))
}

// consume runs a consumer in the background until the test ends, or until the returned function is called.
func (b *bundle) consume(t *testing.T, prefetch int, handle rabbitmq.Handler) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.client.Consume(ctx, "work.v1", prefetch, handle) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Consume: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// publishAll publishes until every message is confirmed.
func (b *bundle) publishAll(t *testing.T, msgs []rabbitmq.Message) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for len(msgs) > 0 {
		require.NoError(t, ctx.Err())
		var rest []rabbitmq.Message
		for i, err := range b.client.Publish(ctx, msgs) {
			if err != nil {
				rest = append(rest, msgs[i])
			}
		}
		msgs = rest
	}
}

func work(from, to int) []rabbitmq.Message {
	msgs := make([]rabbitmq.Message, 0, to-from)
	for i := from; i < to; i++ {
		msgs = append(msgs, rabbitmq.Message{
			Exchange: "events", Key: "work.done", ID: fmt.Sprintf("m%d", i), Body: fmt.Appendf(nil, `{"n":%d}`, i), Time: time.Now(),
		})
	}
	return msgs
}

// collector remembers which messages were handled and how often.
type collector struct {
	mu   sync.Mutex
	seen map[string]int
}

func newCollector() *collector { return &collector{seen: map[string]int{}} }

func (c *collector) handle(_ context.Context, batch []*rabbitmq.Delivery) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, d := range batch {
		c.seen[d.ID]++
	}
	return nil
}

func (c *collector) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.seen)
}

func (c *collector) await(t *testing.T, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return c.count() >= n }, patience, 5*time.Millisecond)
}

// watchedLog is a log that a test can look at and wait for.
type watchedLog struct {
	*slog.Logger
	mu   sync.Mutex
	text bytes.Buffer
}

func newWatchedLog() *watchedLog {
	l := &watchedLog{}
	l.Logger = slog.New(slog.NewTextHandler(l, nil))
	return l
}

func (l *watchedLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *watchedLog) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Count(l.text.Bytes(), []byte(text))
}

func (l *watchedLog) await(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return l.count(text) > 0 }, patience, 5*time.Millisecond, text)
}
