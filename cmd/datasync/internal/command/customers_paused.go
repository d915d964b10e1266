package command

import (
	"context"
	"net/url"
	"strings"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/customers"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/pkg/admin"
)

// listPaused lists the customers that operators stopped: the connectors know which, the catalog knows the rest of them, and which of
// them the other flags mean.
func (l *listing) listPaused(ctx context.Context, p *output.Printer, s *connect.Services, query url.Values, list *output.List[customers.Customer]) error {
	connectors, err := s.SelectConnectors(ctx, l.remote)
	if err != nil {
		return err
	}
	query.Del("sync_state")
	query.Del("remote")
	u := unseen{list: list, limit: l.limit, seen: map[string]bool{}}
	for _, connector := range connectors {
		more, err := pages(l.limit, func(cursor string, limit int) (page[customers.Customer], error) {
			links, err := connector.Links(ctx, admin.LinkFilter{Page: admin.Page{Cursor: cursor, Limit: limit}, State: paused})
			if err != nil || len(links.Data) == 0 {
				return page[customers.Customer]{}, err
			}
			found, err := customersOf(ctx, client(s), query, links.Data)
			return page[customers.Customer]{Data: found, NextCursor: links.NextCursor}, err
		}, u.add)
		if err != nil {
			return of1(connector, len(connectors), err)
		}
		u.more = u.more || more
	}
	if len(u.seen) > 0 {
		p.Note("An operator paused them; datasync sync resume CUSTOMER ends that.")
	}
	return end(p, list, u.more, nil)
}

// unseen lists each customer once, whichever connectors know it, and no more than a limit; 0 is none.
type unseen struct {
	list  *output.List[customers.Customer]
	limit int
	seen  map[string]bool
	more  bool // than the limit
}

func (u *unseen) add(found ...customers.Customer) error {
	for _, customer := range found {
		switch {
		case u.seen[customer.ID]:
			continue
		case u.limit > 0 && len(u.seen) == u.limit:
			u.more = true
			return nil
		}
		u.seen[customer.ID] = true
		if err := u.list.Add(customer); err != nil {
			return err
		}
	}
	return nil
}

// customersOf are those of the links that the query means. There are no more of them than fit into one page.
func customersOf(ctx context.Context, c customers.Client, query url.Values, links []admin.Link) ([]customers.Customer, error) {
	ids := make([]string, len(links))
	for i, link := range links {
		ids[i] = link.RecordID
	}
	set(query, "", maxPage)
	query.Set("ids", strings.Join(ids, ","))
	found, err := c.List(ctx, query)
	return found.Data, err
}
