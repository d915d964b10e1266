package pages

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// permanent is the class of what is parked: only that can be discarded.
const permanent = "permanent"

// detached is the state of those that are kept apart from the remote.
const detached = "detached"

// discarded is the state of those whom an operator accepts as they are.
const discarded = "discarded"

// leavePage asks why failed customers can be left as they are.
type leavePage struct {
	Count            int64
	Who, Why         string
	Remote, To, Back string
}

// leaveGroupForm asks about a group, or about everything that is parked.
func (s *Site) leaveGroupForm(ctx context.Context, c *call) (any, error) {
	g, err := s.findGroup(ctx, c)
	if err != nil {
		return nil, err
	}
	at := groupURL(g.Service, c.PathValue("fingerprint"))
	return leavePage{Count: g.Parked, Why: g.Reason, Remote: g.Remote, To: at + "/discard", Back: "/dashboard/failures"}, nil
}

func (s *Site) leaveGroup(ctx context.Context, c *call) (outcome, error) {
	request := admin.DiscardRequest{Fingerprint: c.PathValue("fingerprint")}
	if request.Fingerprint == allGroups {
		request = admin.DiscardRequest{All: true}
	}
	var err error
	if request.Rate, err = rate(c); err != nil {
		return outcome{}, err
	}
	service, job, err := s.discardFailures(ctx, c, request)
	if err != nil {
		return outcome{}, err
	}
	return outcome{Say: "They are being discarded.", Go: jobURL(service, job.ID)}, nil
}

// leaveForm asks about one customer.
func (s *Site) leaveForm(ctx context.Context, c *call) (any, error) {
	service, ok := s.Fleet.Find(c.PathValue("service"))
	if !ok {
		return nil, errNotFound
	}
	l, err := service.As(c.session.User).Link(ctx, c.PathValue("id"), false)
	if err != nil {
		return nil, err
	}
	at := "/dashboard/customers/" + c.PathValue("id")
	p := leavePage{
		Count: 1, Who: s.people(ctx, c, l.RecordID).of(l.RecordID).Name, Remote: remoteTitle(service.Name), To: at + "/" + service.Name + "/discard", Back: at,
	}
	if l.Error != nil {
		p.Why = c.text(failureReason(l.Error.Field, l.Error.Reason))
	}
	return p, nil
}

func (s *Site) leave(ctx context.Context, c *call) (outcome, error) {
	if _, _, err := s.discardFailures(ctx, c, admin.DiscardRequest{RecordIDs: []string{c.PathValue("id")}}); err != nil {
		return outcome{}, err
	}
	return outcome{Say: "The customer is left as it is.", Go: "/dashboard/customers/" + c.PathValue("id")}, nil
}

func (s *Site) discardFailures(ctx context.Context, c *call, request admin.DiscardRequest) (name string, job admin.Job, err error) {
	service, ok := s.Fleet.Find(c.PathValue("service"))
	if !ok {
		return "", job, errNotFound
	}
	request.Reason = strings.TrimSpace(c.PostForm.Get("reason"))
	if n := utf8.RuneCountInString(request.Reason); n == 0 || n > admin.MaxReason {
		return "", job, mistake("Say why they can be left so, in up to 200 characters.")
	}
	job, err = c.client(service).DiscardFailures(ctx, request)
	return service.Name, job, err
}
