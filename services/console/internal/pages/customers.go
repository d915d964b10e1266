package pages

import (
	"context"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/ui"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

const customersShown = 50

type customersPage struct {
	Query string
	State string
	Tabs  []tab
	Rows  []customerRow
	Next  string
	Away  bool
	// Silent are the services that did not answer.
	Silent string
}

type tab struct {
	Name, URL string
	Current   bool
}

type customerRow struct {
	ID, Name, Email string
	Service         string // whose state is shown
	RemoteID        string
	Badge           ui.Badge
	Why             string
	Version         int64
	UpdatedAt       time.Time
	UpdatedBy       string // the side of the last change
	SyncedAt        time.Time
	Paused          bool
	Conflict        bool // an operator has to choose a value
	Unlinked        bool // an operator keeps it apart from the remote
}

// conflicted is the state of those who are in sync but for a field that an operator has to decide about: the catalog knows it,
// the connectors do not.
const conflicted = "conflict"

// paused is the state of those whom an operator stopped: the connectors know it, the catalog does not.
const paused = "paused"

func (s *Site) customers(ctx context.Context, c *call) (any, error) {
	query := c.URL.Query()
	p := customersPage{Query: query.Get("q"), State: query.Get("state")}
	for _, t := range [][2]string{{"", "All"}, {"synced", "In sync"}, {"pending", "On the way"}, {"retrying", "Retrying"}, {conflicted, "Conflict"}, {"failed", "Failed"}, {discarded, "Discarded"}, {paused, "Paused"}} {
		p.Tabs = append(p.Tabs, tab{t[1], link("/dashboard/customers", "q", p.Query, "state", t[0]), t[0] == p.State})
	}
	if p.State == paused {
		err := s.pausedCustomers(ctx, c, &p)
		return p, err
	}
	list, err := s.Fleet.Customers(ctx, upstream.CustomerFilter{
		Query: p.Query, State: p.State, Email: query.Get("email"), Cursor: query.Get("cursor"), Limit: customersShown,
	})
	if err != nil {
		c.missing(s.Fleet.Catalog, err)
		p.Away = true
		return p, nil
	}
	for _, customer := range list.Data {
		p.Rows = append(p.Rows, s.customerRow(c, customer))
	}
	if list.HasMore {
		p.Next = link("/dashboard/customers", "q", p.Query, "state", p.State, "email", query.Get("email"), "cursor", list.NextCursor)
	}
	return p, nil
}

// customerRow shows a customer as it stands at the remote where it stands worst.
func (s *Site) customerRow(c *call, customer upstream.Customer) customerRow {
	row := customerRow{
		ID: customer.ID, Name: customer.Name, Email: c.email(customer.Email), Version: customer.Version, UpdatedAt: customer.UpdatedAt, UpdatedBy: sideTitle(customer.UpdatedBy, s.Fleet.Catalog.Name),
		Badge: ui.BadgeOf("unlinked"),
	}
	worst := -1
	for _, service := range s.Fleet.Connectors {
		sync, ok := customer.Sync[service.Name]
		if rank := severity(sync.State); ok && rank > worst {
			worst = rank
			row.Service, row.RemoteID, row.SyncedAt, row.Badge = service.Name, sync.CustomerID, sync.LastSyncedAt, ui.BadgeOf(sync.State)
			row.Why, row.Conflict = c.text(sync.LastError.Reason), sync.State == conflicted
			if row.Unlinked = sync.State == detached && sync.CustomerID == "" && !customer.Deleted; row.Unlinked {
				row.Badge = ui.BadgeOf("unlinked")
			}
		}
	}
	if customer.Deleted {
		row.Badge = ui.BadgeOf("deleted")
	}
	return row
}

func severity(state string) int {
	return map[string]int{"synced": 1, "deleted": 1, detached: 1, "pending": 2, "retrying": 3, discarded: 4, conflicted: 5, "failed": 6}[state]
}

// pausedCustomers lists those whom an operator stopped, as the connectors know them.
func (s *Site) pausedCustomers(ctx context.Context, c *call, p *customersPage) error {
	var sources []upstream.Source[customerRow]
	for _, service := range s.Fleet.Connectors {
		sources = append(sources, upstream.Source[customerRow]{Name: service.Name, Page: func(ctx context.Context, cursor string, limit int) (admin.List[customerRow], error) {
			list, err := upstream.Read(ctx, service, "paused "+cursor, upstream.Fresh, func(ctx context.Context, a *admin.Client) (admin.List[admin.Link], error) {
				return a.Links(ctx, admin.LinkFilter{Page: admin.Page{Cursor: cursor, Limit: limit}, State: paused})
			})
			return rows(list, func(l admin.Link) customerRow {
				return customerRow{
					ID: l.RecordID, Service: service.Name, RemoteID: l.RemoteID, Badge: ui.BadgeOf(paused), Paused: true, Version: l.DesiredVersion, UpdatedAt: l.UpdatedAt,
				}
			}), err
		}})
	}
	merged, err := upstream.Merge(ctx, sources, c.URL.Query().Get("cursor"), customersShown, func(a, b customerRow) bool { return a.ID < b.ID })
	if err != nil {
		return err
	}
	p.Silent = s.failed(c, merged.Failed)
	p.Rows = merged.Items
	who := s.people(ctx, c, idsOf(p.Rows, func(row customerRow) string { return row.ID })...)
	for i := range p.Rows {
		one := who.of(p.Rows[i].ID)
		p.Rows[i].Name, p.Rows[i].Email = one.Name, one.Email
	}
	if merged.Next != "" {
		p.Next = link("/dashboard/customers", "state", paused, "cursor", merged.Next)
	}
	return nil
}
