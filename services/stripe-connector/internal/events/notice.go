package events

import (
	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/customers"
)

// The events that are about customers. Others begin with "customer." too: subscriptions, sources, tax ids.
const (
	customerCreated = "customer.created"
	customerUpdated = "customer.updated"
	customerDeleted = "customer.deleted"
)

// Types are those that a webhook endpoint has to deliver.
func Types() []string { return []string{customerCreated, customerUpdated, customerDeleted} }

// Reader says what events mean to the connector.
type Reader struct {
	Marks    customers.Marks
	Livemode bool // the mode of the API key
}

// Notice turns an event into a notice. One that does not concern us says so in Ignore: it is recorded all the same,
// since refusing a webhook would make Stripe send it for days and then give the endpoint up.
func (r Reader) Notice(e Event) connector.Notice {
	n := connector.Notice{EventID: e.ID, Type: e.Type, Key: e.key()}
	switch {
	case e.Type != customerCreated && e.Type != customerUpdated && e.Type != customerDeleted:
		n.Ignore = "not about a customer's own fields"
		return n
	case e.Account != "":
		n.Ignore = "about a connected account"
		return n
	}
	d := e.data()
	object, err := r.Marks.Decode(d.Object)
	if err != nil || !name.MatchString(object.ID) {
		n.Ignore = "names no customer"
		return n
	}
	n.RemoteID, n.LocalID = object.ID, object.LocalID
	if n.Ignore = r.otherMode(e); n.Ignore != "" {
		return n
	}
	if e.Type == customerDeleted {
		n.Gone = true
		return n
	}
	n.Fields = object.Fields
	if before, ok := d.before(); ok {
		if object, err := r.Marks.Decode(before); err == nil {
			n.Before, n.BeforeVersion = object.Fields, object.Version
		}
	}
	return n
}

func (r Reader) otherMode(e Event) string {
	switch {
	case e.Livemode && !r.Livemode:
		return "from live mode, but the API key is for test mode"
	case !e.Livemode && r.Livemode:
		return "from test mode, but the API key is for live mode"
	}
	return ""
}
