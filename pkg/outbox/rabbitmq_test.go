package outbox_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/rabbitmq/rabbitmqtest"
)

func TestFromTheDatabaseThroughTheBroker(t *testing.T) {
	t.Parallel()
	db := open(t)
	url := rabbitmqtest.VHost(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 2)

	// The service that publishes knows its exchange only: until somebody wants them, messages stay.
	exchanges := []rabbitmq.Exchange{{Name: "events", Kind: "topic"}}
	publisher := rabbitmq.New(rabbitmq.Options{URL: url, Name: "writer", Topology: rabbitmq.Topology{Exchanges: exchanges}})
	go func() { ended <- publisher.Run(ctx) }()
	log := newWatchedLog()
	r := outbox.NewRelay(db, publisher, outbox.RelayOptions{Poll: time.Hour, Log: log.Logger})
	stop := run(t, r)
	require.NoError(t, outbox.Append(db, numbered("m", 2000)...))
	r.Wake()
	require.Eventually(t, func() bool { return log.count("messages of this route are kept") == 1 }, patience, 5*time.Millisecond)
	require.Equal(t, 2000, rows(t, db))

	reader := rabbitmq.New(rabbitmq.Options{URL: url, Name: "reader", Topology: rabbitmq.Topology{
		Exchanges: exchanges,
		Queues:    []rabbitmq.Queue{{Name: "all.v1", Bindings: []rabbitmq.Binding{{Exchange: "events", Key: "#"}}}},
	}})
	go func() { ended <- reader.Run(ctx) }()
	got := newBroker()
	consumed := make(chan error, 1)
	go func() {
		consumed <- reader.Consume(ctx, "all.v1", 100, func(_ context.Context, batch []*rabbitmq.Delivery) error {
			got.mu.Lock()
			defer got.mu.Unlock()
			for _, d := range batch {
				got.confirmed[d.ID]++
			}
			return nil
		})
	}()
	got.await(t, 2000)
	require.Eventually(t, func() bool { return rows(t, db) == 0 }, patience, 5*time.Millisecond)
	stop()
	cancel()
	require.NoError(t, <-consumed)
	require.NoError(t, <-ended)
	require.NoError(t, <-ended)
}
