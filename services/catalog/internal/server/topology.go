package server

import (
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

// changesQueue holds what connectors report until the catalog has handled it.
const changesQueue = "catalog.changes.v1"

// deadQueue holds the reports that it could not handle, until they are in its table of dead letters.
const deadQueue = owner + ".dead.v1"

// prefetch is how many reports are handled as one batch at most.
const prefetch = 64

const owner = "catalog"

// topology is what the catalog needs at the broker.
func topology() rabbitmq.Topology {
	return rabbitmq.Topology{
		Exchanges: []rabbitmq.Exchange{
			{Name: event.EventsExchange, Kind: "topic"},
			{Name: event.ChangesExchange, Kind: "topic"},
			{Name: event.DeadExchange, Kind: "topic"},
		},
		Queues: []rabbitmq.Queue{
			{
				Name:     deadQueue,
				Bindings: []rabbitmq.Binding{{Exchange: event.DeadExchange, Key: owner}},
			},
			{
				Name: changesQueue,
				Bindings: []rabbitmq.Binding{
					{Exchange: event.ChangesExchange, Key: "*." + event.KindCustomer + ".v1"},
					{Exchange: event.ChangesExchange, Key: "*.state.v1"},
				},
				DeadExchange: event.DeadExchange, DeadKey: owner,
			},
		},
	}
}
