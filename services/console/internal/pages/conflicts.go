package pages

import (
	"context"
	"slices"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

const conflictsShown = 50

type conflictsPage struct {
	Open    []conflictRow
	Settled []conflictRow
	Next    string
	Silent  bool // the catalog did not answer
}

type conflictRow struct {
	admin.Conflict
	Who   person
	Title string // of the remote
	By    string // the side that set the catalog's value
}

func (s *Site) conflicts(ctx context.Context, c *call) (any, error) {
	var p conflictsPage
	open, err := s.openConflicts(ctx)
	if err != nil {
		c.missing(s.Fleet.Catalog, err)
		p.Silent = true
	}
	all, err := s.conflictList(ctx, admin.ConflictFilter{Page: admin.Page{Cursor: c.URL.Query().Get("cursor"), Limit: conflictsShown}})
	if err != nil {
		c.missing(s.Fleet.Catalog, err)
		p.Silent = true
	}
	who := s.people(ctx, c, idsOf(slices.Concat(open.Data, all.Data), func(one admin.Conflict) string { return one.RecordID })...)
	for _, one := range open.Data {
		p.Open = append(p.Open, s.conflictRow(c, one, who))
	}
	for _, one := range all.Data {
		if one.Winner != "" {
			p.Settled = append(p.Settled, s.conflictRow(c, one, who))
		}
	}
	if all.HasMore {
		p.Next = link("/dashboard/conflicts", "cursor", all.NextCursor)
	}
	return p, nil
}

func (s *Site) conflictRow(c *call, one admin.Conflict, who people) conflictRow {
	return conflictRow{s.veilConflict(c, one), who.of(one.RecordID), remoteTitle(one.Remote), sideTitle(one.CatalogBy, s.Fleet.Catalog.Name)}
}

// resolve gives both sides the value that the person chose.
func (s *Site) resolve(ctx context.Context, c *call) (outcome, error) {
	client, id := c.client(s.Fleet.Catalog), c.PathValue("id")
	var err error
	switch side := c.PostForm.Get("take"); side {
	case "":
		err = mistake("Choose one of the values.")
	case "other":
		_, err = client.ResolveConflict(ctx, id, c.PostForm.Get("value"))
	default:
		_, err = client.TakeConflict(ctx, id, side)
	}
	return outcome{Say: "Settled: both sides get the value you chose."}, err
}

func (s *Site) openConflicts(ctx context.Context) (admin.List[admin.Conflict], error) {
	return s.conflictList(ctx, admin.ConflictFilter{Open: true, Page: admin.Page{Limit: conflictsShown}})
}

func (s *Site) conflictList(ctx context.Context, f admin.ConflictFilter) (admin.List[admin.Conflict], error) {
	what := "conflicts " + f.RecordID + " " + f.Cursor
	if f.Open {
		what = "open " + what
	}
	return upstream.Read(ctx, s.Fleet.Catalog, what, upstream.Fresh, func(ctx context.Context, a *admin.Client) (admin.List[admin.Conflict], error) {
		return a.Conflicts(ctx, f)
	})
}
