package pages

import (
	"context"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

const auditShown = 100

type auditPage struct {
	Rows   []auditRow
	Next   string
	Silent string // services that did not answer
}

type auditRow struct {
	admin.AuditEntry
	Service string
	Details []string
}

func (s *Site) audit(ctx context.Context, c *call) (any, error) {
	var sources []upstream.Source[auditRow]
	for _, service := range s.Fleet.All() {
		sources = append(sources, upstream.Source[auditRow]{Name: service.Name, Page: func(ctx context.Context, cursor string, limit int) (admin.List[auditRow], error) {
			list, err := upstream.Read(ctx, service, "audit "+cursor, upstream.Fresh, func(ctx context.Context, a *admin.Client) (admin.List[admin.AuditEntry], error) {
				return a.Audit(ctx, admin.Page{Cursor: cursor, Limit: limit})
			})
			return rows(list, func(e admin.AuditEntry) auditRow {
				return auditRow{AuditEntry: e, Service: service.Name, Details: details(e.Detail)}
			}), err
		}})
	}
	merged, err := upstream.Merge(ctx, sources, c.URL.Query().Get("cursor"), auditShown, func(a, b auditRow) bool { return a.At.After(b.At) })
	if err != nil {
		return nil, err
	}
	p := auditPage{Rows: merged.Items, Silent: s.failed(c, merged.Failed)}
	if merged.Next != "" {
		p.Next = link("/dashboard/audit", "cursor", merged.Next)
	}
	return p, nil
}
