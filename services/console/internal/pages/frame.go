package pages

import (
	"context"
	"crypto/rand"
	"net/url"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/session"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

// frame is what every page has around its own content.
type frame struct {
	Title    string
	Theme    string // light, dark, or "" for what the system says
	User     string
	Role     string
	Operator bool
	Admin    bool
	CSRF     string
	Once     string // of a form that is to be done once
	Path     string // of this page, with its query
	URL      string // of its stream, if it has one
	Charts   bool
	Problems []string
	Flash    session.Flash
	Nav      []navGroup
	Remote   string // what to call the other side
}

type navGroup struct {
	Name  string
	Items []navItem
}

type navItem struct {
	Name, URL, Icon string
	Current         bool
	Count           int64
	Look            string
}

// view is what templates get.
type view struct {
	Frame frame
	Page  any
}

func (s *Site) frame(ctx context.Context, c *call, p page) frame {
	statuses := s.statuses(ctx, c)
	f := frame{
		Title: p.title, User: c.session.User, Role: c.session.Role.String(), Operator: c.may(session.Operator), Admin: c.may(session.Admin),
		CSRF: c.session.CSRF, Once: rand.Text(), Path: c.path, URL: c.path, Charts: p.template == "overview", Remote: "Stripe",
	}
	if p.load == nil {
		f.URL = "" // nothing changes on a page that only says sorry
	}
	if theme, err := c.Cookie("theme"); err == nil && (theme.Value == "light" || theme.Value == "dark") {
		f.Theme = theme.Value
	}
	if len(s.Fleet.Connectors) == 1 {
		f.Remote = remoteTitle(s.Fleet.Connectors[0].Name)
	}
	f.Nav = s.nav(c, p, statuses)
	f.Problems = c.gaps
	return f
}

// statuses asks every service how it is; those that do not answer are told of on the page.
func (s *Site) statuses(ctx context.Context, c *call) []upstream.Answer[admin.Status] {
	answers := upstream.ReadAll(ctx, s.Fleet.All(), "status", upstream.Fresh,
		func(ctx context.Context, a *admin.Client) (admin.Status, error) { return a.Status(ctx) })
	for _, a := range answers {
		if a.Err != nil {
			c.missing(a.Service, a.Err)
		}
	}
	return answers
}

func (s *Site) nav(c *call, p page, statuses []upstream.Answer[admin.Status]) []navGroup {
	var failed, conflicts int64
	for _, a := range statuses {
		conflicts += a.Value.Records.Conflicts
		if !a.Service.Catalog {
			failed += a.Value.Records.Failed
		}
	}
	groups := []navGroup{
		{"Watch", []navItem{
			{Name: "Overview", URL: "/dashboard", Icon: "home"},
			{Name: "Customers", URL: "/dashboard/customers", Icon: "people"},
			{Name: "Changes", URL: "/dashboard/changes", Icon: "list"},
		}},
		{"Put right", []navItem{
			{Name: "Failures", URL: "/dashboard/failures", Icon: "bad", Count: failed, Look: "bad"},
			{Name: "Conflicts", URL: "/dashboard/conflicts", Icon: "swap", Count: conflicts, Look: "warn"},
			{Name: "Drift", URL: "/dashboard/drift", Icon: "drift"},
		}},
		{"Run", []navItem{
			{Name: "Workers", URL: "/dashboard/workers", Icon: "workers"},
			{Name: "Queues", URL: "/dashboard/queues", Icon: "queue", Count: dead(statuses), Look: "bad"},
			{Name: "Jobs", URL: "/dashboard/jobs", Icon: "job"},
		}},
		{"Look after", []navItem{{Name: "Audit", URL: "/dashboard/audit", Icon: "audit"}}},
	}
	if c.may(session.Admin) {
		last := &groups[len(groups)-1]
		last.Items = append(last.Items, navItem{Name: "Settings", URL: "/dashboard/settings", Icon: "gear"})
	}
	section := p.section
	if section == "" {
		section = p.title
	}
	for _, g := range groups {
		for i := range g.Items {
			g.Items[i].Current = g.Items[i].Name == section
		}
	}
	return groups
}

// link returns path with a query made of pairs; empty values are left out.
func link(path string, pairs ...string) string {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			query.Set(pairs[i], pairs[i+1])
		}
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}
