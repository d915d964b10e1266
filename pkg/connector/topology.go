package connector

import (
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

// Topology returns what the connector of this name needs at the broker: the exchanges of DataSync, the queue of
// catalog events that it consumes, and the queue of those it could not decode.
func Topology(name string) rabbitmq.Topology {
	owner := name + "-connector"
	return rabbitmq.Topology{
		Exchanges: []rabbitmq.Exchange{
			{Name: event.EventsExchange, Kind: "topic"},
			{Name: event.ChangesExchange, Kind: "topic"},
			{Name: event.DeadExchange, Kind: "topic"},
			{Name: event.ControlExchange, Kind: "fanout"},
		},
		Queues: []rabbitmq.Queue{
			{
				Name:     DeadQueue(name),
				Bindings: []rabbitmq.Binding{{Exchange: event.DeadExchange, Key: owner}},
			},
			{
				Name:         EventsQueue(name),
				Bindings:     []rabbitmq.Binding{{Exchange: event.EventsExchange, Key: event.KindCustomer + ".#"}},
				DeadExchange: event.DeadExchange, DeadKey: owner,
			},
		},
	}
}

// EventsQueue is the name of the queue that holds the catalog's events for the connector of this name.
func EventsQueue(name string) string { return name + "-connector.events.v1" }

// DeadQueue is the name of the queue that holds the events which the connector of this name could not decode.
func DeadQueue(name string) string { return name + "-connector.dead.v1" }

// KeyPrefix begins every idempotency key of the connector of this name. A notification that carries such a key was
// caused by the connector itself.
func KeyPrefix(name string) string { return "datasync-" + name + "-" }
