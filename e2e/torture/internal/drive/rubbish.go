package drive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/plan"
	"github.com/datasync-dev/datasync/pkg/event"
)

// rubbish publishes a message that can never be handled, to the connectors or to the catalogs. It has to end among the
// dead letters of those, once.
func (b *Breaker) rubbish(ctx context.Context, f plan.Fault) error {
	exchange, key := event.EventsExchange, event.KindCustomer+".updated.v1"
	if f.Pick%2 == 1 {
		exchange, key = event.ChangesExchange, cluster.ConnectorName+"."+event.KindCustomer+".v1"
	}
	id := uuid.NewString()
	message := amqp.Publishing{MessageId: id, Body: []byte("rubbish " + id), DeliveryMode: amqp.Persistent}
	if f.Pick/2%2 == 1 { // of a program that is newer than these
		e := event.NewSnapshot(event.Updated, event.Snapshot{Kind: event.KindCustomer, ID: id, Version: 1})
		e.Type = event.KindCustomer + ".updated.v9"
		message.Body = e.JSON()
	}
	b.note(ctx, f, id+" to "+exchange)
	ctx, cancel := context.WithTimeout(ctx, giveUp)
	defer cancel()
	for {
		err := publish(ctx, b.cluster.Servers.Broker, exchange, key, message)
		if err == nil {
			break
		}
		if paused := pause(ctx, 300*time.Millisecond); paused != nil { // the broker is away
			return fmt.Errorf("publish rubbish: %w", errors.Join(paused, err))
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.thrown = append(b.thrown, id)
	return nil
}

// publish sends one message and waits until the broker has it.
func publish(ctx context.Context, url, exchange, key string, message amqp.Publishing) error {
	connection, err := amqp.DialConfig(url, amqp.Config{Dial: amqp.DefaultDial(5 * time.Second)})
	if err != nil {
		return fmt.Errorf("dial: %w", err)
	}
	defer func() { _ = connection.CloseDeadline(time.Now().Add(time.Second)) }()
	channel, err := connection.Channel()
	if err != nil {
		return fmt.Errorf("open a channel: %w", err)
	}
	if err := channel.Confirm(false); err != nil {
		return fmt.Errorf("ask for confirms: %w", err)
	}
	returned := channel.NotifyReturn(make(chan amqp.Return, 1))
	confirm, err := channel.PublishWithDeferredConfirmWithContext(ctx, exchange, key, true, false, message)
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	waiting, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if ok, err := confirm.WaitContext(waiting); err != nil || !ok {
		return errors.Join(errors.New("not confirmed"), err)
	}
	if len(returned) > 0 { // told before the confirm
		return errors.New("no queue took it")
	}
	return nil
}

// Rubbish are the ids of the messages that have to be among the dead letters.
func (b *Breaker) Rubbish() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.thrown
}
