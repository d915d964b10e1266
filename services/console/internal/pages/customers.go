package pages

import (
	"context"
	"time"

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
	SyncedAt        time.Time
}

func (s *Site) customers(ctx context.Context, c *call) (any, error) {
	query := c.URL.Query()
	p := customersPage{Query: query.Get("q"), State: query.Get("state")}
	for _, t := range [][2]string{{"", "All"}, {"synced", "In sync"}, {"pending", "On the way"}, {"retrying", "Retrying"}, {"failed", "Failed"}} {
		p.Tabs = append(p.Tabs, tab{t[1], link("/dashboard/customers", "q", p.Query, "state", t[0]), t[0] == p.State})
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
		ID: customer.ID, Name: customer.Name, Email: c.email(customer.Email), Version: customer.Version, UpdatedAt: customer.UpdatedAt,
		Badge: ui.BadgeOf("unlinked"),
	}
	worst := -1
	for _, service := range s.Fleet.Connectors {
		sync, ok := customer.Sync[service.Name]
		if rank := severity(sync.State); ok && rank > worst {
			worst = rank
			row.Service, row.RemoteID, row.SyncedAt, row.Badge = service.Name, sync.CustomerID, sync.LastSyncedAt, ui.BadgeOf(sync.State)
			row.Why = c.text(sync.LastError.Reason)
		}
	}
	if customer.Deleted {
		row.Badge = ui.BadgeOf("deleted")
	}
	return row
}

func severity(state string) int {
	return map[string]int{"synced": 1, "deleted": 1, "detached": 1, "pending": 2, "retrying": 3, "failed": 4}[state]
}
