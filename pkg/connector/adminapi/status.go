package adminapi

import (
	"context"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/connector"
)

// Status fills in what an engine knows of a connector's state: for adminapi.Options.Status.
func Status(ctx context.Context, engine *connector.Engine, s *admin.Status) error {
	state, err := engine.State(ctx)
	if err != nil {
		return err
	}
	breaker := engine.Breaker()
	due := admin.Hop{Name: "due records", Depth: state.Due, OldestSeconds: state.OldestDue.Seconds()}
	if breaker.Open {
		due.Problem = breaker.Reason
	}
	s.Hops = append(s.Hops, due)
	s.Records, s.Breaker, s.Feed, s.Paused = state.Records, &breaker, &state.Feed, append(s.Paused, state.Paused...)
	s.Draining = state.Draining
	return nil
}
