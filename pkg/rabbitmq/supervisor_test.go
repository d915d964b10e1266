package rabbitmq_test

import (
	"context"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/rabbitmq/rabbitmqtest"
)

func TestReadySaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	server, err := url.Parse(rabbitmqtest.URL())
	require.NoError(t, err)
	tests := map[string]struct {
		change func(*url.URL)
		want   string
	}{
		"nobody listens":    {func(u *url.URL) { u.Host = "127.0.0.1:1" }, "cannot be reached at 127.0.0.1:1"},
		"wrong password":    {func(u *url.URL) { u.User = url.UserPassword("guest", "secret") }, "refuses the login of user"},
		"no virtual host":   {func(u *url.URL) { u.Path = "/missing" }, "virtual host \"missing\" does not exist"},
		"before connecting": {func(u *url.URL) { u.Host = "192.0.2.1:5672" }, "not connected to RabbitMQ yet"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			changed := *server
			test.change(&changed)
			b := start(t, changed.String(), topology())
			require.Eventually(t, func() bool {
				err := b.client.Ready()
				return err != nil && strings.Contains(err.Error(), test.want)
			}, patience, 5*time.Millisecond)
			require.NotContains(t, b.client.Ready().Error(), "secret")
		})
	}
}

func TestRunRefusesAURLThatIsNone(t *testing.T) {
	t.Parallel()
	err := rabbitmq.New(rabbitmq.Options{URL: "http://user:secret@host"}).Run(t.Context())
	require.ErrorContains(t, err, "URL is not valid")
	require.NotContains(t, err.Error(), "secret")
}

func TestAQueueWithOtherArgumentsIsReportedAndRepaired(t *testing.T) {
	t.Parallel()
	healthy := rabbitmqtest.VHost(t)
	proxy := newProxy(t, healthy)
	tool := &bundle{url: healthy}
	tool.admin(t, func(ch *amqp.Channel) error {
		_, err := ch.QueueDeclare("work.v1", true, false, false, false, nil)
		return err
	})
	b := start(t, proxy.url, topology())
	require.Eventually(t, func() bool { return proxy.connections() >= 6 }, patience, 10*time.Millisecond, "it tries again")
	require.ErrorContains(t, b.client.Ready(), `queue "work.v1" exists at the broker with other properties`)
	require.LessOrEqual(t, b.log.count("RabbitMQ is not usable"), 2, "once for each connection")

	tool.admin(t, func(ch *amqp.Channel) error {
		_, err := ch.QueueDelete("work.v1", false, false, false)
		return err
	})
	b.awaitReady(t)
}

func TestADeletedBindingComesBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.admin(t, func(ch *amqp.Channel) error { return ch.QueueUnbind("work.v1", "work.#", "events", nil) })
	require.ErrorIs(t, b.client.Publish(t.Context(), work(0, 1))[0], rabbitmq.ErrUnroutable)
	b.publishAll(t, work(0, 1))
}

func TestSeveralReplicasDeclareTheSame(t *testing.T) {
	t.Parallel()
	url := rabbitmqtest.VHost(t)
	replicas := make([]*bundle, 4)
	for i := range replicas {
		replicas[i] = start(t, url, topology())
	}
	for _, b := range replicas {
		b.awaitReady(t)
	}
}

// Not parallel: it counts the goroutines of the whole process.
func TestNothingRunsOnAfterRun(t *testing.T) { //nolint:paralleltest // see above
	address := rabbitmqtest.VHost(t)
	before := goroutines()
	b := start(t, address, topology())
	b.awaitReady(t)
	got := newCollector()
	stop := b.consume(t, 10, got.handle)
	b.publishAll(t, work(0, 100))
	b.kill(t, 2)
	b.publishAll(t, work(100, 200))
	got.await(t, 200)
	expired, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, b.client.Publish(expired, work(0, 1))[0], context.Canceled)
	stop()
	b.stop()
	require.Error(t, b.client.Ready())
	const asking = 1 // Eventually asks in a goroutine
	require.Eventually(t, func() bool { return goroutines()-asking <= before }, patience, 10*time.Millisecond)
}

func goroutines() int {
	http.DefaultClient.CloseIdleConnections() // those of the management API
	return runtime.NumGoroutine()
}
