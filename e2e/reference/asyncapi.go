package reference

import (
	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

// object is a JSON object.
type object = map[string]any

// AsyncAPI is the description of everything that travels through RabbitMQ, in AsyncAPI 3.0. shapes are those of the
// packages event and record; topology is what the services declare.
func AsyncAPI(shapes Shapes, topology rabbitmq.Topology) map[string]any {
	verbs := shapes.Values("Verb")
	var told []string
	for _, verb := range verbs {
		told = append(told, "customer."+verb+".v1")
	}
	messages := object{
		"snapshot": message(shapes, "Snapshot", "A customer as the catalog has it now", told...),
		"change":   message(shapes, "Change", "Fields that moved at the remote", "stripe.customer.v1"),
		"state":    message(shapes, "State", "How far the connector has got with a customer", "stripe.state.v1"),
		"dead": object{
			"title": "A message that could not be handled", "contentType": contentType,
			"payload": object{"description": "The message as it came, byte for byte."},
			"headers": headers(rabbitmq.HeaderReason, rabbitmq.HeaderExchange, rabbitmq.HeaderKey, rabbitmq.HeaderQueue),
		},
		"control": object{
			"title":   "Operators want something else of a service",
			"summary": "Its replicas read the control row anew. Losing the message does no harm: they look every few seconds.",
			"payload": object{"type": "string", "description": "The connector's name.", "examples": []string{"stripe"}},
		},
	}
	return object{
		"asyncapi": "3.0.0",
		"info": object{
			"title": "DataSync", "version": "1.0.0",
			"description": "What travels through RabbitMQ between the catalog and its connectors, here the one named stripe. " +
				"Messages are persistent, confirmed, delivered at least once, and CloudEvents 1.0 in structured JSON; " +
				"`message_id` is the event's id, and the header `traceparent` carries its trace.\n\n" +
				"Written by the tests from the packages event, record and connector.",
		},
		"defaultContentType": contentType,
		"servers":            object{"local": object{"host": "localhost:5672", "protocol": "amqp"}},
		"channels":           channels(topology, verbs),
		"operations":         operations(),
		"components":         object{"messages": messages},
	}
}

const contentType = "application/cloudevents+json"

// message is one that carries a struct of package event; kinds are the types of event that it comes as.
func message(shapes Shapes, name, title string, kinds ...string) object {
	envelope := shapes.Schema("Envelope")
	if properties, ok := envelope["properties"].(object); ok {
		properties["data"] = shapes.Schema(name)
		properties["type"] = object{"enum": kinds, "description": "Also the routing key."}
	}
	return object{
		"title": title, "summary": shapes.docs[name], "contentType": contentType,
		"headers": headers("traceparent"), "payload": envelope,
	}
}

func headers(names ...string) object {
	properties := object{}
	for _, name := range names {
		properties[name] = object{"type": "string"}
	}
	return object{"type": "object", "properties": properties}
}

// channels are the exchanges, to send to, and the queues, to receive from, with what is bound to them.
func channels(topology rabbitmq.Topology, verbs []string) object {
	events := exchange(topology, event.EventsExchange, "customer.{verb}.v1", "snapshot")
	events["parameters"] = object{"verb": object{"enum": verbs, "description": "What happened."}}
	dead := exchange(topology, event.DeadExchange, "{owner}", "dead")
	dead["parameters"] = object{
		"owner": object{"enum": []string{"catalog", "stripe-connector"}, "description": "Whose dead letter it is."},
	}
	all := object{
		event.EventsExchange:               events,
		event.ChangesExchange + ".changes": exchange(topology, event.ChangesExchange, "stripe.customer.v1", "change"),
		event.ChangesExchange + ".states":  exchange(topology, event.ChangesExchange, "stripe.state.v1", "state"),
		event.DeadExchange:                 dead,
		event.ControlExchange:              exchange(topology, event.ControlExchange, "", "control"),
	}
	for _, q := range topology.Queues {
		messages := object{}
		for _, name := range held(q) {
			messages[name] = object{"$ref": "#/components/messages/" + name}
		}
		all[q.Name] = object{
			"address": q.Name, "messages": messages, "x-bindings": bindings(q),
			"bindings": object{"amqp": object{"is": "queue", "queue": object{"name": q.Name, "durable": true, "exclusive": false, "autoDelete": false}}},
		}
	}
	return all
}

// exchange is the channel of messages that are sent to an exchange under a key.
func exchange(topology rabbitmq.Topology, name, key, message string) object {
	kind := ""
	for _, e := range topology.Exchanges {
		if e.Name == name {
			kind = e.Kind
		}
	}
	return object{
		"address": key, "messages": object{message: object{"$ref": "#/components/messages/" + message}},
		"bindings": object{"amqp": object{
			"is": "routingKey", "exchange": object{"name": name, "type": kind, "durable": true, "autoDelete": false},
		}},
	}
}

// held says which messages a queue holds, by what is bound to it.
func held(q rabbitmq.Queue) []string {
	switch q.Bindings[0].Exchange {
	case event.EventsExchange:
		return []string{"snapshot"}
	case event.ChangesExchange:
		return []string{"change", "state"}
	default:
		return []string{"dead"}
	}
}

func bindings(q rabbitmq.Queue) (list []object) {
	for _, b := range q.Bindings {
		list = append(list, object{"exchange": b.Exchange, "key": b.Key})
	}
	return list
}

// operations say who sends and who receives.
func operations() object {
	all := object{}
	for name, o := range map[string][3]string{
		"catalogTells":       {"send", event.EventsExchange, "The catalog tells of every committed write."},
		"connectorReceives":  {"receive", connector.EventsQueue("stripe"), "A connector notes the newest version and brings it to its remote."},
		"connectorChanges":   {"send", event.ChangesExchange + ".changes", "A connector tells what moved at its remote."},
		"connectorReports":   {"send", event.ChangesExchange + ".states", "A connector tells how far it has got."},
		"catalogReceives":    {"receive", "catalog.changes.v1", "The catalog applies what moved, and shows how far connectors are."},
		"connectorAnnounces": {"send", event.ControlExchange, "A replica tells the others that operators want something else."},
		"anybodyGivesUp":     {"send", event.DeadExchange, "A service puts aside what it cannot handle."},
	} {
		all[name] = object{
			"action": o[0], "channel": object{"$ref": "#/channels/" + o[1]}, "summary": o[2],
		}
	}
	return all
}
