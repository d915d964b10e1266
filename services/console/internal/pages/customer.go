package pages

import (
	"context"
	"errors"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/timeline"
	"github.com/datasync-dev/datasync/services/console/internal/ui"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

// remoteAge is how old "Stripe now" may be while nothing moves; what moves is looked at again at once. Each look is a call
// to the remote.
const remoteAge = 30 * time.Second

type customerPage struct {
	Name, Email, ID      string
	Known                bool // the catalog answered
	Deleted              bool
	Version              int64
	CreatedAt, UpdatedAt time.Time
	Badge                ui.Badge
	Sides                []side
	Side                 side // the one that is compared
	Rows                 []fieldRow
	Differs              int
	Moved                bool // the remote is not as it was agreed last
	Story                []timeline.Entry
	Silent               string // services that did not tell what they wrote down
	Conflicts            []admin.Conflict
	Waits                []string // why it has to wait although nothing is wrong
	Loud                 bool     // what had no effect is left out
	Quieter, Next        string
}

// Title implements the naming of pages.
func (p customerPage) Title() string { return "Customer" }

// side is the customer at one connector.
type side struct {
	Service, Title string
	URL            string // of this page with this side
	Current        bool
	Known          bool // the connector answered and has a link
	Away           bool
	Unlinked       bool   // an operator keeps it apart from the remote
	State          string // the connector's, unless only the catalog knows: see know
	Link           admin.Link
	Badge          ui.Badge
	Failure        *failure
	Now            map[string]string
	Asked          bool // Now is what the remote answered
	AskedAt        time.Time
	NowError       string
}

// failure is why a side is not in sync.
type failure struct {
	admin.Failure
	Flag string // of the command line, that sets the field
}

// flagOf is how the command line sets a field.
func flagOf(field string) string {
	switch field {
	case "name", "email", "phone", "description":
		return "--" + field + " …"
	}
	return "--set " + field + "=…"
}

// asked is what a remote answered, and when.
type asked struct {
	admin.Link
	at time.Time
}

func (s *Site) customer(ctx context.Context, c *call) (any, error) {
	id := c.PathValue("id")
	p := customerPage{ID: id, Name: "Customer", Loud: c.URL.Query().Get("quiet") == "off"}
	customer, err := s.Fleet.Customer(ctx, id)
	catalogErr := err
	if err == nil {
		p.Known, p.Deleted, p.Version, p.CreatedAt, p.UpdatedAt = true, customer.Deleted, customer.Version, customer.CreatedAt, customer.UpdatedAt
		p.Name, p.Email = customer.Name, c.email(customer.Email)
	} else if !lost(err) {
		c.missing(s.Fleet.Catalog, err)
	}
	s.sides(ctx, c, &p, customer)
	if lost(catalogErr) && !p.Side.Known {
		return nil, errNotFound
	}
	if p.Name == "" {
		p.Name = "No name"
	}
	story, err := s.story(ctx, c, id)
	if err != nil {
		return nil, err
	}
	p.Story, p.Next, p.Silent = story.Entries, story.Next, story.Silent
	p.Side.complete(p.Story)
	p.compare(c, customer, story.Entries)
	if p.Known {
		p.Conflicts = s.undecided(ctx, c, id, p.Side.Service)
	}
	p.Waits = s.waitsFor(ctx, c, p)
	if p.Badge = p.state(); len(p.Waits) > 0 && p.Badge == ui.BadgeOf("pending") {
		p.Badge = ui.BadgeOf("waiting")
	}
	p.Quieter = link("/dashboard/customers/"+id, "quiet", map[bool]string{false: "off"}[p.Loud])
	if p.Loud {
		p.Story = loud(p.Story)
	}
	return p, nil
}

// lost reports whether the catalog says that there is no such customer.
func lost(err error) bool {
	var refused *admin.RequestError
	return upstream.NotFound(err) || errors.As(err, &refused) && refused.Status == 400
}

func (s *Site) sides(ctx context.Context, c *call, p *customerPage, customer upstream.Customer) {
	wanted := c.URL.Query().Get("side")
	answers := upstream.ReadAll(ctx, s.Fleet.Connectors, "link "+p.ID, upstream.Fresh, func(ctx context.Context, a *admin.Client) (admin.Link, error) {
		return a.Link(ctx, p.ID, false)
	})
	for i, a := range answers {
		one := side{Service: a.Service.Name, Title: remoteTitle(a.Service.Name), URL: link("/dashboard/customers/"+p.ID, "side", a.Service.Name), Badge: ui.BadgeOf("unlinked")}
		switch {
		case a.Err == nil:
			one.know(a.Value, customer.Sync[a.Service.Name].State)
			if f := a.Value.Error; f != nil {
				one.Failure = &failure{Failure: *f, Flag: flagOf(f.Field)}
				one.Failure.Reason = c.text(f.Reason)
			}
		case !lost(a.Err):
			c.missing(a.Service, a.Err)
			one.Away, one.State, one.Badge = true, customer.Sync[a.Service.Name].State, ui.BadgeOf("down")
		}
		one.Current = one.Service == wanted || wanted == "" && i == 0
		if one.Current {
			s.ask(ctx, c, a.Service, &one)
			p.Side = one
		}
		p.Sides = append(p.Sides, one)
	}
}

// know takes in what the connector says. One that it calls in sync may have a conflict, or a version that has not reached the
// connector: of those only the catalog knows.
func (one *side) know(link admin.Link, atCatalog string) {
	one.Known, one.Link, one.State = true, link, link.State
	if link.State == "synced" && (atCatalog == conflicted || atCatalog == "pending") {
		one.State = atCatalog
	}
	one.Unlinked = link.State == detached && link.RemoteID == "" && link.Gone
	switch one.Badge = ui.BadgeOf(one.State); {
	case link.Paused:
		one.Badge = ui.BadgeOf(paused)
	case one.Unlinked:
		one.Badge = ui.BadgeOf("unlinked")
	}
}

// ask looks at the remote's object as it is now. That takes a call to the remote, so the page comes without it and the stream brings
// it.
func (s *Site) ask(ctx context.Context, c *call, service *upstream.Service, one *side) {
	if !one.Known || one.Link.RemoteID == "" || !c.watched && c.URL.Query().Get("now") == "" {
		return
	}
	what := "remote " + one.Link.RecordID + one.Link.UpdatedAt.String() + one.Link.State
	now, err := upstream.Read(ctx, service, what, remoteAge, func(ctx context.Context, a *admin.Client) (asked, error) {
		seen, err := a.Link(ctx, one.Link.RecordID, true)
		return asked{seen, time.Now()}, err
	})
	if err != nil {
		one.NowError = remoteTitle(service.Name) + " could not be asked: " + upstream.Reason(err)
		return
	}
	one.Asked, one.Now, one.AskedAt = true, now.Remote, now.at
	one.Link.Gone = now.Gone
}

// complete tells what became of changes of which the connector's ledger has no line, or no longer: its link knows.
func (one side) complete(story []timeline.Entry) {
	for i := range story {
		e := &story[i]
		if !one.Known || !e.Left || e.State != admin.StateAccepted {
			continue
		}
		switch {
		case one.Link.Version >= e.Version:
			e.State = "mirrored"
		case one.Link.Discarded != nil && one.Failure != nil && one.Failure.Version >= e.Version:
			e.State, e.Note = discarded, one.Link.Discarded.Reason
		case one.Link.State == "failed" && one.Failure != nil && one.Failure.Version >= e.Version:
			e.State, e.Note = "failed", one.Failure.Reason
		}
	}
}

// state is the worst of all sides. Of one whose connector is away it is what the catalog heard last.
func (p customerPage) state() ui.Badge {
	if p.Deleted {
		return ui.BadgeOf("deleted")
	}
	worst, badge := -1, ui.BadgeOf("unlinked")
	for _, one := range p.Sides {
		shown := one.Badge
		switch {
		case one.Away && one.State == "":
			shown = ui.BadgeOf("unknown")
		case one.Away:
			shown = ui.BadgeOf(one.State)
		case !one.Known:
			continue
		}
		if rank := severity(one.State); rank > worst {
			worst, badge = rank, shown
		}
	}
	return badge
}
