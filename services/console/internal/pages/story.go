package pages

import (
	"context"
	"strings"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/timeline"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

// storyShown is how many lines of the ledgers make a page of a timeline.
const storyShown = 100

// story is a page of a customer's timeline.
type story struct {
	Entries []timeline.Entry
	Next    string
	Silent  string // services that did not answer
}

func (s *Site) story(ctx context.Context, c *call, id string) (story, error) {
	sources := make([]upstream.Source[admin.Change], 0, len(s.Fleet.Connectors)+1)
	for _, service := range s.Fleet.All() {
		sources = append(sources, upstream.Source[admin.Change]{Name: service.Name, Page: func(ctx context.Context, cursor string, limit int) (admin.List[admin.Change], error) {
			return upstream.Read(ctx, service, "timeline "+id+" "+cursor, upstream.Fresh, func(ctx context.Context, a *admin.Client) (admin.List[admin.Change], error) {
				return a.Timeline(ctx, id, admin.Page{Cursor: cursor, Limit: limit})
			})
		}})
	}
	merged, err := upstream.Merge(ctx, sources, c.URL.Query().Get("cursor"), storyShown, newer)
	if err != nil {
		return story{}, err
	}
	told := story{Entries: timeline.Fold(merged.Items, s.Fleet.Catalog.Name), Silent: s.failed(c, merged.Failed)}
	for i := range told.Entries {
		s.veil(c, &told.Entries[i])
	}
	if merged.Next != "" {
		told.Next = link("/dashboard/customers/"+id, "cursor", merged.Next, "quiet", c.URL.Query().Get("quiet"))
	}
	return told, nil
}

// failed tells of services that are left out of a merged list, and returns what to call them; "" when there are none. One that
// has no such record has nothing to tell.
func (s *Site) failed(c *call, failures map[string]error) string {
	var names []string
	for _, service := range s.Fleet.All() {
		if err := failures[service.Name]; err != nil && !upstream.NotFound(err) {
			c.missing(service, err)
			names = append(names, service.Title())
		}
	}
	return strings.Join(names, " and ")
}

func newer(a, b admin.Change) bool {
	if a.At.Equal(b.At) {
		return a.ID > b.ID
	}
	return a.At.After(b.At)
}

// veil hides what the person may not see.
func (s *Site) veil(c *call, e *timeline.Entry) {
	e.Fields = c.diffs(e.Fields)
	attempts := make([]admin.Attempt, len(e.Attempts))
	for i, a := range e.Attempts {
		a.Error = c.text(a.Error)
		attempts[i] = a
	}
	e.Attempts = attempts
	for i, conflict := range e.Conflicts {
		e.Conflicts[i] = s.veilConflict(c, conflict)
	}
}

func (s *Site) veilConflict(c *call, conflict admin.Conflict) admin.Conflict {
	conflict.CatalogValue, conflict.RemoteValue = c.value(conflict.Field, conflict.CatalogValue), c.value(conflict.Field, conflict.RemoteValue)
	return conflict
}
