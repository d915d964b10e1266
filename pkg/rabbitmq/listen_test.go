package rabbitmq_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/rabbitmq/rabbitmqtest"
)

// ear counts what is heard.
type ear struct {
	mu               sync.Mutex
	connected, heard int
}

func (e *ear) hear(body []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if body == nil {
		e.connected++
	} else {
		e.heard++
	}
}

func (e *ear) counts() (connected, heard int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.connected, e.heard
}

func TestEveryListenerHearsAnnouncementsAlsoAfterTheConnectionWasLost(t *testing.T) {
	t.Parallel()
	b := start(t, rabbitmqtest.VHost(t), rabbitmq.Topology{Exchanges: []rabbitmq.Exchange{{Name: "control", Kind: "fanout"}}})
	b.awaitReady(t)
	ctx, stop := context.WithCancel(t.Context())
	var listening sync.WaitGroup
	ears := []*ear{{}, {}}
	for _, e := range ears {
		listening.Go(func() { _ = b.client.Listen(ctx, "control", e.hear) })
	}
	all := func(connected, heard int) {
		t.Helper()
		require.Eventually(t, func() bool {
			for _, e := range ears {
				if c, h := e.counts(); c < connected || h < heard {
					return false
				}
			}
			return true
		}, patience, 5*time.Millisecond)
	}
	all(1, 0)
	announce := func() {
		t.Helper()
		require.Eventually(t, func() bool {
			return b.client.Publish(t.Context(), []rabbitmq.Message{{Exchange: "control", ID: "1", Body: []byte("x")}})[0] == nil
		}, patience, 20*time.Millisecond)
	}
	announce()
	all(1, 1)
	b.kill(t, 2)
	all(2, 1)
	announce()
	all(2, 2)
	stop()
	listening.Wait()
}
