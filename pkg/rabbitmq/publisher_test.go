package rabbitmq_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

func TestPublishConfirmsAThousand(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for i, err := range b.client.Publish(t.Context(), work(0, 1000)) {
		require.NoError(t, err, "message %d", i)
	}
	got := newCollector()
	b.consume(t, 100, got.handle)
	got.await(t, 1000)
}

func TestPublishSideBySide(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var writers errgroup.Group
	for n := range 20 { // more than there are channels
		writers.Go(func() error {
			for _, err := range b.client.Publish(t.Context(), work(n*50, n*50+50)) {
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, writers.Wait())
	got := newCollector()
	b.consume(t, 100, got.handle)
	got.await(t, 1000)
}

func TestPublishTellsWhatHappenedToEachMessage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	msgs := work(0, 300)
	want := map[int]error{}
	for i := range msgs {
		switch i % 10 {
		case 3:
			msgs[i].Key, want[i] = "nobody.wants.this", rabbitmq.ErrUnroutable
		case 5:
			msgs[i].Exchange, want[i] = "no.such.exchange", rabbitmq.ErrRefused
		case 7:
			msgs[i].Key, want[i] = strings.Repeat("k", 256), rabbitmq.ErrInvalid
		}
	}
	for i, err := range b.client.Publish(t.Context(), msgs) {
		require.ErrorIs(t, err, want[i], "message %d", i)
	}
}

func TestPublishKeepsTheProperties(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sent := rabbitmq.Message{
		Exchange: "events", Key: "work.done", ID: "id", Headers: map[string]string{"a": "b"},
		Body: []byte{0, 255, '{'}, Time: time.Unix(1_700_000_000, 0),
	}
	b.publishAll(t, []rabbitmq.Message{sent})
	b.admin(t, func(ch *amqp.Channel) error {
		got, ok, err := ch.Get("work.v1", true)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, amqp.Persistent, got.DeliveryMode)
		require.Equal(t, "application/cloudevents+json", got.ContentType)
		require.Equal(t, sent.ID, got.MessageId)
		require.Equal(t, sent.Body, got.Body)
		require.Equal(t, "b", got.Headers["a"])
		require.True(t, sent.Time.Equal(got.Timestamp))
		return nil
	})
}

func TestPublishWithoutAConnection(t *testing.T) {
	t.Parallel()
	client := rabbitmq.New(rabbitmq.Options{URL: "amqp://guest:guest@127.0.0.1:1/", Name: "test"})
	errs := client.Publish(t.Context(), work(0, 600))
	require.Len(t, errs, 600)
	for _, err := range errs {
		require.ErrorIs(t, err, rabbitmq.ErrNotConnected)
	}
	require.Empty(t, client.Publish(t.Context(), nil))
}

func TestPublishResumesAfterTheConnectionIsKilled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := newCollector()
	b.consume(t, 50, got.handle)
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		b.kill(t, 4) // both connections, twice
	}()
	published := 0
	for done := false; !done; {
		select {
		case <-killed:
			done = true
		default:
		}
		b.publishAll(t, work(published, published+100))
		published += 100
	}
	got.await(t, published)
	b.awaitReady(t)
}

func TestPublishGoesOnAfterTheExchangeIsDeleted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got := newCollector()
	b.consume(t, 10, got.handle)
	b.publishAll(t, work(0, 10))
	b.admin(t, func(ch *amqp.Channel) error { return ch.ExchangeDelete("events", false, false) })
	b.publishAll(t, work(10, 20))
	got.await(t, 20)
}

func TestPublishObeysItsContextWhileTheSocketIsStuck(t *testing.T) {
	t.Parallel()
	direct := setup(t)
	proxy := newProxy(t, direct.url)
	b := start(t, proxy.url, rabbitmq.Topology{})
	b.awaitReady(t)
	proxy.stall()
	msgs := work(0, 256)
	for i := range msgs {
		msgs[i].Body = make([]byte, 1<<20) // more than any buffer on the way
	}
	var callers errgroup.Group
	for range 10 { // more than there are channels
		callers.Go(func() error {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			began := time.Now()
			for _, err := range b.client.Publish(ctx, msgs) {
				if err == nil {
					return fmt.Errorf("confirmed by nobody")
				}
			}
			if took := time.Since(began); took > 2*time.Second {
				return fmt.Errorf("took %s", took)
			}
			return nil
		})
	}
	require.NoError(t, callers.Wait())
	began := time.Now()
	b.stop()
	require.Less(t, time.Since(began), 10*time.Second, "a stuck socket does not hold up the end")
}

func TestASilentConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	direct := setup(t)
	proxy := newProxy(t, direct.url)
	b := start(t, proxy.url, topology())
	b.awaitReady(t)
	proxy.stall()
	began := time.Now()
	require.Eventually(t, func() bool { return b.client.Ready() != nil }, patience, 10*time.Millisecond)
	require.Less(t, time.Since(began), 9*time.Second)
	proxy.resume()
	b.publishAll(t, work(0, 10))
}
