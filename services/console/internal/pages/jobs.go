package pages

import (
	"context"
	"maps"
	"slices"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/ui"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

const jobsShown = 50

type jobsPage struct {
	Rows   []jobRow
	Next   string
	Silent string // services that did not answer
}

type jobRow struct {
	admin.Job
	Service, URL string
	Badge        ui.Badge
	Running      bool
	Counted      []counted
}

type counted struct {
	Name string
	N    int64
}

func newJobRow(service string, job admin.Job) jobRow {
	row := jobRow{Job: job, Service: service, URL: jobURL(service, job.ID), Badge: ui.BadgeOf(job.State), Running: job.State == "queued" || job.State == "running"}
	for _, name := range slices.Sorted(maps.Keys(job.Counts)) {
		if n := job.Counts[name]; n != 0 {
			row.Counted = append(row.Counted, counted{outcomeName(name), n})
		}
	}
	return row
}

func (s *Site) jobs(ctx context.Context, c *call) (any, error) {
	var sources []upstream.Source[jobRow]
	for _, service := range s.Fleet.All() {
		sources = append(sources, upstream.Source[jobRow]{Name: service.Name, Page: func(ctx context.Context, cursor string, limit int) (admin.List[jobRow], error) {
			list, err := upstream.Read(ctx, service, "jobs "+cursor, upstream.Fresh, func(ctx context.Context, a *admin.Client) (admin.List[admin.Job], error) {
				return a.Jobs(ctx, admin.Page{Cursor: cursor, Limit: limit})
			})
			return rows(list, func(j admin.Job) jobRow { return newJobRow(service.Name, j) }), err
		}})
	}
	merged, err := upstream.Merge(ctx, sources, c.URL.Query().Get("cursor"), jobsShown, func(a, b jobRow) bool { return a.CreatedAt.After(b.CreatedAt) })
	if err != nil {
		return nil, err
	}
	p := jobsPage{Rows: merged.Items, Silent: s.failed(c, merged.Failed)}
	if merged.Next != "" {
		p.Next = link("/dashboard/jobs", "cursor", merged.Next)
	}
	return p, nil
}

// Title implements the naming of pages.
func (jobRow) Title() string { return "Job" }

func (s *Site) job(ctx context.Context, c *call) (any, error) {
	service, ok := s.Fleet.Find(c.PathValue("service"))
	if !ok {
		return nil, errNotFound
	}
	job, err := s.readJob(ctx, service, c.PathValue("id"))
	if lost(err) {
		return nil, errNotFound
	}
	return newJobRow(service.Name, job), err
}

func (s *Site) readJob(ctx context.Context, service *upstream.Service, id string) (admin.Job, error) {
	return upstream.Read(ctx, service, "job "+id, upstream.Fresh, func(ctx context.Context, a *admin.Client) (admin.Job, error) { return a.Job(ctx, id) })
}

func (s *Site) cancel(ctx context.Context, c *call) (outcome, error) {
	service, ok := s.Fleet.Find(c.PathValue("service"))
	if !ok {
		return outcome{}, errNotFound
	}
	if _, err := c.client(service).CancelJob(ctx, c.PathValue("id")); err != nil {
		return outcome{}, err
	}
	return outcome{Say: "Cancelled. What it did so far stays done."}, nil
}
