package stripeapi

import (
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
)

const maxEventTypes = 20

func (s *Server) listEvents(c *call) (execute, error) {
	filter := account.EventFilter{Created: createdOf(c.params), Delivered: c.params.Bool("delivery_success")}
	types, _ := c.params.List("types", 5000)
	if len(types) > maxEventTypes {
		c.params.Fail(apierror.Invalid("types", "You can pass up to %d types.", maxEventTypes))
	}
	filter.Types = types
	if one := c.params.Text("type", 5000); one != nil && *one != "" {
		if len(types) > 0 {
			c.params.Fail(apierror.Invalid("types", "You may pass either type or types, but not both."))
		}
		filter.Types = []string{*one}
	}
	within := rangeOf(c.params, "event", c.side.EventPosition)
	return func() ([]byte, error) {
		return listOf("/v1/events", c.side.Events(filter, within))
	}, c.params.Done()
}

func (s *Server) retrieveEvent(c *call) (execute, error) {
	return func() ([]byte, error) {
		event, ok := c.side.Event(c.id)
		if !ok {
			return nil, apierror.Missing("event", c.id)
		}
		return render(event)
	}, c.params.Done()
}
