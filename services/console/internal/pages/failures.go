package pages

import (
	"context"
	"strconv"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/session"
	"github.com/datasync-dev/datasync/services/console/internal/ui"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

type failuresPage struct {
	Groups []failureGroup
	Silent string         // services that did not answer
	All    []failureGroup // of services with more than one group: all of it can be retried or discarded at once
}

type failureGroup struct {
	admin.FailureGroup
	Service, URL, Remote string
	Reason               string
	Samples              []person
	Parked               int64 // how many can be discarded
}

func groupURL(service, fingerprint string) string {
	return "/dashboard/failures/" + service + "/" + fingerprint
}

func failureReason(field, reason string) string {
	if field == "" {
		return reason
	}
	return field + ": " + reason
}

func (s *Site) failures(ctx context.Context, c *call) []upstream.Answer[[]admin.FailureGroup] {
	answers := upstream.ReadAll(ctx, s.Fleet.Connectors, "failures", upstream.Fresh,
		func(ctx context.Context, a *admin.Client) ([]admin.FailureGroup, error) { return a.Failures(ctx) })
	for _, a := range answers {
		if a.Err != nil {
			c.missing(a.Service, a.Err)
		}
	}
	return answers
}

func (s *Site) failuresPage(ctx context.Context, c *call) (any, error) {
	answers := s.failures(ctx, c)
	p := failuresPage{Silent: silent(answers...)}
	for _, a := range answers {
		for _, g := range a.Value {
			p.Groups = append(p.Groups, s.failureGroup(ctx, c, a.Service, g))
		}
		if len(a.Value) > 1 {
			p.All = append(p.All, everything(a.Service.Name, a.Value))
		}
	}
	return p, nil
}

func (s *Site) failureGroup(ctx context.Context, c *call, service *upstream.Service, g admin.FailureGroup) failureGroup {
	return failureGroup{
		Parked: parked(g), FailureGroup: g, Service: service.Name, Remote: remoteTitle(service.Name), URL: groupURL(service.Name, g.Fingerprint),
		Reason: c.text(failureReason(g.Field, g.Reason)), Samples: s.people(ctx, c, g.Sample...).all(g.Sample),
	}
}

// parked is how many of a group wait for a person.
func parked(g admin.FailureGroup) int64 {
	if g.Class == permanent {
		return g.Count
	}
	return 0
}

// everything is all groups of a service as one.
func everything(service string, groups []admin.FailureGroup) failureGroup {
	all := failureGroup{Service: service, Remote: remoteTitle(service), URL: groupURL(service, allGroups), Reason: "Everything that failed"}
	for _, g := range groups {
		all.Count += g.Count
		all.Parked += parked(g)
	}
	return all
}

// groupPage is one group with those who are in it.
type groupPage struct {
	failureGroup
	Links  []linkRow
	Next   string
	Silent bool // who is in it is not known
}

type linkRow struct {
	person
	RemoteID, Reason string
	Attempts         int
	Badge            ui.Badge
	Since, Due       time.Time
	Parked           bool
}

// Title implements the naming of pages.
func (groupPage) Title() string { return "Failures with one reason" }

func (s *Site) findGroup(ctx context.Context, c *call) (failureGroup, error) {
	for _, a := range s.failures(ctx, c) {
		if a.Service.Name != c.PathValue("service") {
			continue
		}
		if a.Err != nil {
			return failureGroup{}, a.Err
		}
		for _, g := range a.Value {
			if g.Fingerprint == c.PathValue("fingerprint") {
				return s.failureGroup(ctx, c, a.Service, g), nil
			}
		}
		if c.PathValue("fingerprint") == allGroups {
			return everything(a.Service.Name, a.Value), nil
		}
	}
	return failureGroup{}, errNotFound
}

// allGroups stands for every group in addresses.
const allGroups = "all"

func (s *Site) group(ctx context.Context, c *call) (any, error) {
	g, err := s.findGroup(ctx, c)
	if err != nil {
		return nil, err
	}
	p := groupPage{failureGroup: g}
	service, _ := s.Fleet.Find(g.Service)
	filter := admin.LinkFilter{Page: admin.Page{Cursor: c.URL.Query().Get("cursor"), Limit: customersShown}, Fingerprint: g.Fingerprint}
	if g.Fingerprint == "" {
		filter.State = "failed"
	}
	list, err := upstream.Read(ctx, service, "links "+c.URL.RequestURI(), upstream.Fresh, func(ctx context.Context, a *admin.Client) (admin.List[admin.Link], error) {
		return a.Links(ctx, filter)
	})
	if err != nil {
		c.missing(service, err)
		p.Silent = true
		return p, nil
	}
	who := s.people(ctx, c, idsOf(list.Data, func(l admin.Link) string { return l.RecordID })...)
	for _, l := range list.Data {
		row := linkRow{person: who.of(l.RecordID), RemoteID: l.RemoteID, Attempts: l.Attempts, Badge: ui.BadgeOf(l.State), Since: l.UpdatedAt, Due: l.DueAt, Parked: l.State == "failed" && l.DueAt.IsZero()}
		if l.Error != nil {
			row.Reason = c.text(failureReason(l.Error.Field, l.Error.Reason))
		}
		p.Links = append(p.Links, row)
	}
	if list.HasMore {
		p.Next = link(g.URL, "cursor", list.NextCursor)
	}
	return p, nil
}

// retryForm asks at which rate a group is to be tried again.
func (s *Site) retryForm(ctx context.Context, c *call) (any, error) { return s.findGroup(ctx, c) }

func (s *Site) retry(ctx context.Context, c *call) (outcome, error) {
	service, ok := s.Fleet.Find(c.PathValue("service"))
	if !ok {
		return outcome{}, errNotFound
	}
	request := admin.RetryRequest{Fingerprint: c.PathValue("fingerprint")}
	if request.Fingerprint == allGroups {
		request = admin.RetryRequest{All: true}
	}
	var err error
	if request.Rate, err = rate(c); err != nil {
		return outcome{}, err
	}
	job, err := c.client(service).Retry(ctx, request)
	if err != nil {
		return outcome{}, err
	}
	return outcome{Say: "They are being tried again.", Go: jobURL(service.Name, job.ID)}, nil
}

// rate reads the field rate of a form; empty means as fast as possible.
func rate(c *call) (float64, error) {
	text := c.PostForm.Get("rate")
	if text == "" {
		return 0, nil
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || value < 0 || value > 1e6 {
		return 0, mistake("The rate has to be a number, such as 5, or empty.")
	}
	return value, nil
}

func jobURL(service, id string) string { return "/dashboard/jobs/" + service + "/" + id }

// operator is an action that operators may do.
func operator(do func(context.Context, *call) (outcome, error)) action {
	return action{session.Operator, do}
}
