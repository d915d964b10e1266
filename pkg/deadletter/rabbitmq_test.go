package deadletter_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/deadletter"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/rabbitmq/rabbitmqtest"
)

func again(replay int) *rabbitmq.Delivery {
	d := delivery("m1", "{}")
	if replay > 0 {
		d.Headers["x-datasync-replay"] = string(rune('0' + replay))
		d.Headers[rabbitmq.HeaderExchange], d.Headers[rabbitmq.HeaderKey] = "", "work.v1"
	}
	return d
}

// world is a broker with two consumers of the same messages, one of which can be made to understand none.
type world struct {
	client         *rabbitmq.Client
	poisoned       atomic.Bool
	handled, other atomic.Int64
}

func TestALetterTravelsFromTheBrokerAndBack(t *testing.T) {
	t.Parallel()
	db := open(t)
	w := &world{client: rabbitmq.New(rabbitmq.Options{URL: rabbitmqtest.VHost(t), Name: "test", Topology: rabbitmq.Topology{
		Exchanges: []rabbitmq.Exchange{{Name: "events", Kind: "topic"}, {Name: "dead", Kind: "topic"}},
		Queues: []rabbitmq.Queue{
			{Name: "dead.v1", Bindings: []rabbitmq.Binding{{Exchange: "dead", Key: "worker"}}},
			{
				Name: "work.v1", Bindings: []rabbitmq.Binding{{Exchange: "events", Key: "#"}},
				DeadExchange: "dead", DeadKey: "worker",
			},
			{Name: "other.v1", Bindings: []rabbitmq.Binding{{Exchange: "events", Key: "#"}}},
		},
	}})}
	w.poisoned.Store(true)
	relay := outbox.NewRelay(db, w.client, outbox.RelayOptions{Poll: 10 * time.Millisecond})
	w.run(t, w.client.Run, relay.Run, w.consume("work.v1", w.work),
		w.consume("other.v1", func(_ context.Context, batch []*rabbitmq.Delivery) error {
			w.other.Add(int64(len(batch)))
			return nil
		}),
		w.consume("dead.v1", deadletter.NewIntake(db, nil).Handle))
	require.NoError(t, outbox.Append(db, rabbitmq.Message{Exchange: "events", Key: "work.done", ID: "m1", Body: []byte("{}")}))

	waits := func() bool {
		all := list(t, db)
		return len(all) == 1 && all[0].State == "waiting"
	}
	require.Eventually(t, waits, patience, 5*time.Millisecond)
	letter, id := only(t, db)
	require.Equal(t, "not now", letter.Reason)
	_, err := deadletter.Replay(db, id, operator)
	require.NoError(t, err)
	require.Eventually(t, waits, patience, 5*time.Millisecond, "it is dead again")

	w.poisoned.Store(false)
	_, err = deadletter.Replay(db, id, operator)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return w.handled.Load() == 1 }, patience, 5*time.Millisecond)
	letter, _ = only(t, db)
	require.Equal(t, "replayed", letter.State)
	require.EqualValues(t, 1, w.other.Load(), "a replay is for nobody else")
}

func (w *world) work(_ context.Context, batch []*rabbitmq.Delivery) error {
	for _, d := range batch {
		if w.poisoned.Load() {
			d.Dead("not now")
		} else {
			w.handled.Add(1)
		}
	}
	return nil
}

func (w *world) consume(queue string, handle rabbitmq.Handler) func(context.Context) error {
	return func(ctx context.Context) error { return w.client.Consume(ctx, queue, deadletter.Prefetch, handle) }
}

// run runs loops until the test ends.
func (w *world) run(t *testing.T, loops ...func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, len(loops))
	for _, loop := range loops {
		go func() { ended <- loop(ctx) }()
	}
	t.Cleanup(func() {
		cancel()
		for range loops {
			assert.NoError(t, <-ended)
		}
	})
}
