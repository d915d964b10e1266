package command

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/customers"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/pkg/admin"
)

// hold is why a connector leaves a record alone, and what ends that.
type hold struct {
	Why string `json:"why"`
	End string `json:"end"`
}

func (h hold) String() string { return h.Why + "; " + h.End + " ends that" }

const (
	drained = "an operator drains it: it takes nothing new"
	resume  = "datasync workers resume"
)

// because puts several together: why, and what to do.
func because(holds []hold) (why, end string) {
	whys, ends := make([]string, len(holds)), make([]string, len(holds))
	for i, h := range holds {
		whys[i], ends[i] = h.Why, h.End
	}
	return strings.Join(whys, ", and "), strings.Join(ends, ", and ")
}

// stops are what keeps a connector from all its records in the directions.
func stops(s admin.Status, directions ...string) []hold {
	var holds []hold
	if s.Draining {
		holds = append(holds, hold{drained, resume})
	}
	for _, direction := range s.Paused {
		if slices.Contains(directions, direction) {
			holds = append(holds, hold{direction + " is paused by an operator", resume + " " + direction})
		}
	}
	return holds
}

// holdsOn are what keeps a connector from one record in the directions. A record that it does not know is held by nothing of its
// own.
func holdsOn(ctx context.Context, connector connect.Service, id string, directions ...string) ([]hold, error) {
	status, err := connector.Status(ctx)
	if err != nil {
		return nil, err
	}
	holds := stops(status, directions...)
	link, err := connector.Link(ctx, id, false)
	switch {
	case exit.CodeOf(err) == exit.NotFound:
		return holds, nil
	case err != nil:
		return holds, err
	case link.Paused:
		holds = append([]hold{{"an operator paused this customer", "datasync sync resume " + id}}, holds...)
	}
	return holds, nil
}

// lookBriefly is how long a command that is not about connectors asks them: it has to answer while they are away, too.
const lookBriefly = 5 * time.Second

// holdsOf are what keeps the connectors from a customer, by their names. An error is about those that could not be asked.
func holdsOf(ctx context.Context, s *connect.Services, c customers.Customer) (map[string][]hold, error) {
	ctx, cancel := context.WithTimeout(ctx, lookBriefly)
	defer cancel()
	found := map[string][]hold{}
	var failures []error
	connectors := s.Connectors(ctx)
	for _, connector := range connectors {
		holds, err := holdsOn(ctx, connector, c.ID, admin.Outbound, admin.Inbound)
		if err != nil {
			failures = append(failures, of1(connector, len(connectors), err))
		}
		if len(holds) > 0 {
			found[connector.Name] = holds
		}
	}
	return found, errors.Join(failures...)
}
