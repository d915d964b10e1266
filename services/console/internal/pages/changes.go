package pages

import (
	"context"
	"strings"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/session"
	"github.com/datasync-dev/datasync/services/console/internal/timeline"
	"github.com/datasync-dev/datasync/services/console/internal/ui"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

const changesShown = 50

type changesPage struct {
	Filter changeFilter
	Rows   []changeRow
	Next   string
	Silent string // services that did not answer
	Older  bool   // not the newest page: nothing new comes in here
}

// changeFilter is what the form of the page holds.
type changeFilter struct {
	Search, Direction, State, Service string
	Services                          []string
}

type changeRow struct {
	admin.Change
	Badge ui.Badge
	Way   string // such as catalog to Stripe
	Who   person
	Note  string
	Names []string
	Fold  bool // so many fields that their values are folded
	Tries int  // calls that were made
	Last  *admin.Attempt
	Bare  bool         // no version travelled
	Again changeAction // what an operator can do about it
	Leave string       // address of the form that discards it
}

// changeAction brings the customer of a change to the other side, or back, once more.
type changeAction struct{ URL, Label, Means string }

// fieldsShown is how many fields of a change are shown with their values; those of more are folded.
const fieldsShown = 2

func (s *Site) changes(ctx context.Context, c *call) (any, error) {
	query := c.URL.Query()
	p := changesPage{Older: query.Get("cursor") != "", Filter: changeFilter{
		Search: query.Get("q"), Direction: query.Get("direction"), State: query.Get("state"), Service: query.Get("service"),
	}}
	sought := p.Filter
	sought.Search = s.idOf(ctx, c, p.Filter.Search)
	var sources []upstream.Source[admin.Change]
	for _, service := range s.Fleet.All() {
		p.Filter.Services = append(p.Filter.Services, service.Name)
		if p.Filter.Service == "" || p.Filter.Service == service.Name {
			sources = append(sources, changesOf(service, sought))
		}
	}
	merged, err := upstream.Merge(ctx, sources, query.Get("cursor"), changesShown, newer)
	if err != nil {
		return nil, err
	}
	p.Silent = s.failed(c, merged.Failed)
	who := s.people(ctx, c, idsOf(merged.Items, func(change admin.Change) string { return change.RecordID })...)
	for _, change := range merged.Items {
		p.Rows = append(p.Rows, s.changeRow(c, change, who))
	}
	if merged.Next != "" {
		p.Next = link("/dashboard/changes", "q", p.Filter.Search, "direction", p.Filter.Direction, "state", p.Filter.State, "service", p.Filter.Service, "cursor", merged.Next)
	}
	return p, nil
}

// idOf turns an email address, which the ledgers do not know, into the id of the customer who has it.
func (s *Site) idOf(ctx context.Context, c *call, text string) string {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "@") {
		return text
	}
	list, err := s.Fleet.Customers(ctx, upstream.CustomerFilter{Email: text, Limit: 1})
	if err != nil {
		c.missing(s.Fleet.Catalog, err)
	}
	if len(list.Data) == 0 {
		return text
	}
	return list.Data[0].ID
}

func changesOf(service *upstream.Service, f changeFilter) upstream.Source[admin.Change] {
	return upstream.Source[admin.Change]{Name: service.Name, Page: func(ctx context.Context, cursor string, limit int) (admin.List[admin.Change], error) {
		what := link("changes "+cursor, "q", f.Search, "direction", f.Direction, "state", f.State)
		return upstream.Read(ctx, service, what, upstream.Fresh, func(ctx context.Context, a *admin.Client) (admin.List[admin.Change], error) {
			return a.Changes(ctx, admin.ChangeFilter{
				Page: admin.Page{Cursor: cursor, Limit: limit}, Search: f.Search, Direction: f.Direction, State: f.State,
			})
		})
	}}
}

func (s *Site) changeRow(c *call, change admin.Change, who people) changeRow {
	row := changeRow{Change: change, Badge: ui.BadgeOf(change.State), Note: timeline.Reason(change), Who: who.of(change.RecordID)}
	row.Fields = c.diffs(change.Fields)
	for _, f := range row.Fields {
		row.Names = append(row.Names, f.Field)
	}
	row.Fold = len(row.Names) > fieldsShown
	remote := remoteTitle(change.Service)
	if change.Service == s.Fleet.Catalog.Name {
		remote = remoteTitle(change.Origin)
	}
	at := "/dashboard/customers/" + change.RecordID + "/" + change.Service
	switch {
	case timeline.ByHand(change.Op):
		row.byHand(remote)
	case change.Direction == admin.Outbound:
		row.Way, row.Again = "to "+remote, changeAction{at + "/push", "Replay", "Brings today’s state to " + remote + ", not this change."}
		switch change.State {
		case admin.StateApplied:
			row.Badge = ui.BadgeOf("mirrored")
		case admin.StateFailed:
			row.Again, row.Leave = changeAction{at + "/retry", "Retry", "Tries today’s state again."}, at+"/discard"
		case admin.StateRetrying, admin.StateDiscarded:
			row.Again = changeAction{at + "/retry", "Retry", "Tries today’s state again."}
		}
	case change.Direction == admin.Inbound:
		row.Way = "from " + remote
		if change.Op == "check" {
			row.Op, row.Way = looked(change, remote)
		}
		if change.State == admin.StateSent {
			row.Badge = ui.Badge{Look: "ok", Icon: "ok", Text: "handed on"}
		}
		if change.Service != s.Fleet.Catalog.Name {
			row.Again = changeAction{at + "/pull", "Replay", "Reads what " + remote + " has today, not this change."}
		}
	default:
		row.Way = "in the catalog"
		if change.State == admin.StateAccepted {
			row.Badge = ui.Badge{Look: "ok", Icon: "ok", Text: "accepted"}
		}
	}
	if !c.may(session.Operator) {
		row.Again, row.Leave = changeAction{}, ""
	}
	if n := len(change.Attempts); n > 0 {
		row.Tries = n
		last := change.Attempts[n-1]
		last.Error = c.text(last.Error)
		row.Last = &last
	}
	return row
}

// looked words a look at the remote's object. Only one that a notification led to is the remote's doing.
func looked(change admin.Change, remote string) (op, way string) {
	if change.EventID != "" {
		return "notice", "from " + remote
	}
	return "look", "at " + remote
}

// byHand words what an operator did to how the customer takes part.
func (row *changeRow) byHand(remote string) {
	row.Badge, row.Bare = ui.BadgeOf("done"), true
	switch row.Op {
	case "link":
		row.Op, row.Way = "linked", "with "+remote
	case "unlink":
		row.Op, row.Way, row.Note = "unlinked", "from "+remote, "nothing moves until it is linked again"
	case "pause":
		row.Op, row.Way, row.Note = "paused", "for "+remote, "nothing moves until it is resumed"
	case "resume":
		row.Op, row.Way = "resumed", "for "+remote
	}
}
