package pages

import (
	"context"
	"strings"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// touch does one of the simple actions to a customer at a connector.
func (s *Site) touch(ctx context.Context, c *call) (outcome, error) {
	service, ok := s.Fleet.Find(c.PathValue("service"))
	done := map[string]string{
		admin.ActionPush: "The catalog's state is brought to %s now.", admin.ActionPull: "%s is being read now.",
		admin.ActionRetry: "It is tried again now.", admin.ActionPause: "The customer is left alone until you resume it.",
		admin.ActionResume: "The customer takes part again.",
	}[c.PathValue("action")]
	if !ok || done == "" {
		return outcome{}, errNotFound
	}
	if _, err := c.client(service).Act(ctx, c.PathValue("id"), c.PathValue("action")); err != nil {
		return outcome{}, err
	}
	return outcome{Say: strings.ReplaceAll(done, "%s", remoteTitle(service.Name))}, nil
}

// bindPage asks before a customer is linked or unlinked.
type bindPage struct {
	ID, Name, Service, Remote, RemoteID string
}

func (s *Site) bindForm(ctx context.Context, c *call) (any, error) {
	service, ok := s.Fleet.Find(c.PathValue("service"))
	if !ok {
		return nil, errNotFound
	}
	known, err := service.As(c.session.User).Link(ctx, c.PathValue("id"), false)
	if err != nil && !lost(err) {
		return nil, err
	}
	one := s.people(ctx, c, c.PathValue("id")).of(c.PathValue("id"))
	return bindPage{one.ID, one.Name, service.Name, remoteTitle(service.Name), known.RemoteID}, nil
}

func (s *Site) unlink(ctx context.Context, c *call) (outcome, error) {
	service, ok := s.Fleet.Find(c.PathValue("service"))
	if !ok {
		return outcome{}, errNotFound
	}
	if _, err := c.client(service).Act(ctx, c.PathValue("id"), admin.ActionUnlink); err != nil {
		return outcome{}, err
	}
	return outcome{Say: "They are no longer linked. Neither side was changed.", Go: "/dashboard/customers/" + c.PathValue("id")}, nil
}

func (s *Site) linkTo(ctx context.Context, c *call) (outcome, error) {
	service, ok := s.Fleet.Find(c.PathValue("service"))
	if !ok {
		return outcome{}, errNotFound
	}
	remoteID := strings.TrimSpace(c.PostForm.Get("remote_id"))
	if remoteID == "" {
		return outcome{}, mistake("Which object? Its id at " + remoteTitle(service.Name) + " is needed.")
	}
	if _, err := c.client(service).LinkTo(ctx, c.PathValue("id"), remoteID); err != nil {
		return outcome{}, err
	}
	return outcome{Say: "They are linked; from now on both are kept the same.", Go: "/dashboard/customers/" + c.PathValue("id")}, nil
}
