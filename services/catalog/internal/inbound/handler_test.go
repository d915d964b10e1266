package inbound_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/rabbitmq/rabbitmqtest"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

func TestABatchOfChangesAndStates(t *testing.T) {
	t.Parallel()
	b := setup(t, "newest")
	one, two := b.born(`{"name": "One"}`), b.born(`{"name": "Two"}`)
	state := func(c customers.Customer, revision int64, s event.SyncState) *rabbitmq.Delivery {
		return delivered(event.NewState(event.State{
			Remote: "stripe", Kind: event.KindCustomer, ID: c.ID.String(), RemoteID: "cus_" + c.Fields["name"],
			Generation: 1, Version: 1, Revision: revision, State: s, At: time.Now(),
		}))
	}
	batch := []*rabbitmq.Delivery{
		state(one, 2, event.StateSynced),
		delivered(event.NewChange(change(two.ID, 1, 1, record.Fields{"phone": "1"}))),
		state(one, 1, event.StateRetrying),
		state(two, 1, event.StateSynced),
		delivered(event.NewChange(change(two.ID, 2, 1, record.Fields{"phone": "2"}))),
	}

	require.NoError(t, b.handler.Handle(t.Context(), batch))
	require.NoError(t, b.handler.Handle(t.Context(), batch), "again: nothing may change")

	require.Equal(t, event.StateSynced, b.get(one.ID).SyncAt("stripe").State)
	require.Equal(t, "cus_One", b.get(one.ID).SyncAt("stripe").RemoteID)
	require.Equal(t, "2", b.get(two.ID).Fields["phone"])
	require.EqualValues(t, 3, b.get(two.ID).Version)
	require.Equal(t, event.StatePending, b.get(two.ID).SyncAt("stripe").State)
}

func TestAStateWakesWhoeverWaitsForIt(t *testing.T) {
	t.Parallel()
	b := setup(t, "newest")
	c := b.born(`{"name": "Jane"}`)
	looks, result := make(chan struct{}, 100), make(chan bool, 1)
	go func() {
		ok, _ := b.waiters.Wait(t.Context(), c.ID, func(ctx context.Context) (bool, error) {
			now, err := customers.Get(ctx, b.db, c.ID)
			looks <- struct{}{}
			return now.Settled("stripe"), err
		})
		result <- ok
	}()
	<-looks

	require.NoError(t, b.handler.Handle(t.Context(), []*rabbitmq.Delivery{delivered(event.NewState(event.State{
		Remote: "stripe", Kind: event.KindCustomer, ID: c.ID.String(), Generation: 1, Version: 1, Revision: 1, State: event.StateSynced,
	}))}))

	require.True(t, <-result)
}

// What can never be handled is put aside with a reason, and the rest of its batch is handled.
func TestMessagesThatCannotBeHandledGoToTheDeadLetters(t *testing.T) {
	t.Parallel()
	url := rabbitmqtest.VHost(t)
	b := setup(t, "newest")
	c := b.born(`{"name": "Jane"}`)
	client := rabbitmq.New(rabbitmq.Options{URL: url, Name: t.Name(), Topology: topology(), Log: discard()})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() { _ = client.Run(ctx) }()
	go func() { _ = client.Consume(ctx, "changes", 16, b.handler.Handle) }()
	require.Eventually(t, func() bool { return client.Ready() == nil }, 10*time.Second, 10*time.Millisecond)

	good := event.NewChange(change(c.ID, 1, 1, record.Fields{"name": "Janet"}))
	poison := map[string][]byte{
		"not JSON":        []byte("hello"),
		"newer schema":    renamed(good, "stripe.customer.v2"),
		"unknown type":    renamed(good, "paypal.customer.v1"),
		"unknown kind":    event.NewChange(event.Change{Remote: "stripe", Kind: "order", ID: c.ID.String(), Seq: 1}).JSON(),
		"bad id":          event.NewChange(event.Change{Remote: "stripe", Kind: event.KindCustomer, ID: "7", Seq: 1}).JSON(),
		"NUL in a change": event.NewChange(change(uuid.New(), 1, 0, record.Fields{"name": "a\x00b"})).JSON(),
		"NUL in a state": event.NewState(event.State{
			Remote: "stripe", Kind: event.KindCustomer, ID: c.ID.String(), Revision: 1, State: event.StateFailed,
			Error: &event.SyncError{Reason: "a\x00b"},
		}).JSON(),
	}
	messages := []rabbitmq.Message{}
	for name, body := range poison {
		messages = append(messages, rabbitmq.Message{Exchange: event.ChangesExchange, Key: "stripe.customer.v1", ID: name, Body: body})
	}
	messages = append(messages, rabbitmq.Message{Exchange: event.ChangesExchange, Key: good.Type, ID: good.ID, Body: good.JSON()})
	for _, err := range client.Publish(ctx, messages) {
		require.NoError(t, err)
	}

	dead := make(chan *rabbitmq.Delivery, len(messages))
	go func() {
		_ = client.Consume(ctx, "dead", 16, func(_ context.Context, batch []*rabbitmq.Delivery) error {
			for _, d := range batch {
				dead <- d
			}
			return nil
		})
	}()
	for range poison {
		select {
		case d := <-dead:
			require.Contains(t, poison, d.ID)
			require.NotEmpty(t, d.Headers["x-datasync-reason"])
			delete(poison, d.ID)
		case <-time.After(15 * time.Second):
			require.Fail(t, "not all poison was put aside", "%d left", len(poison))
		}
	}
	require.Eventually(t, func() bool { return b.get(c.ID).Fields["name"] == "Janet" }, 10*time.Second, 10*time.Millisecond)
}

func renamed(e event.Envelope, kind string) []byte {
	e.Type = kind
	return e.JSON()
}

func TestADatabaseThatFailsKeepsTheBatch(t *testing.T) {
	t.Parallel()
	b := setup(t, "newest")
	c := b.born(`{"name": "Jane"}`)
	batch := []*rabbitmq.Delivery{delivered(event.NewChange(change(c.ID, 1, 1, record.Fields{"name": "Janet"})))}
	ended, end := context.WithCancel(t.Context())
	end()

	require.Error(t, b.handler.Handle(ended, batch))
	require.NoError(t, b.handler.Handle(t.Context(), batch))
	require.Equal(t, "Janet", b.get(c.ID).Fields["name"])
}

func FuzzHandle(f *testing.F) {
	id := uuid.MustParse("0199c2a4-7d1c-7a3e-9f6e-2a5f0c9d8b71")
	f.Add(event.NewChange(change(id, 1, 1, record.Fields{"name": "Janet"})).JSON())
	f.Add([]byte(`{"specversion":"1.0","id":"1","source":"/connectors/s","type":"s.state.v1","data":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		report, err := event.DecodeReport(body)
		if err != nil || report.Change == nil {
			return
		}
		if encoded, err := json.Marshal(report.Change); err != nil || strings.Contains(string(encoded), "\x00") {
			t.Fatal("a decoded change cannot be encoded")
		}
		receiveTwice(t, *report.Change)
	})
}
