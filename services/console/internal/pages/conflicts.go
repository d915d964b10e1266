package pages

import (
	"context"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

const conflictsShown = 50

func (s *Site) openConflicts(ctx context.Context) (admin.List[admin.Conflict], error) {
	return s.conflictList(ctx, admin.ConflictFilter{Open: true, Page: admin.Page{Limit: conflictsShown}})
}

func (s *Site) conflictList(ctx context.Context, f admin.ConflictFilter) (admin.List[admin.Conflict], error) {
	what := "conflicts " + f.Cursor
	if f.Open {
		what = "open " + what
	}
	return upstream.Read(ctx, s.Fleet.Catalog, what, upstream.Fresh, func(ctx context.Context, a *admin.Client) (admin.List[admin.Conflict], error) {
		return a.Conflicts(ctx, f)
	})
}
