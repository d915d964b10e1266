package pages

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

const (
	findingsShown = 100
	// runsLooked is how many jobs are looked through for the last comparison.
	runsLooked = 50
)

type driftPage struct{ Runs []driftRun }

// driftRun is the last comparison of a connector, and what was put right since.
type driftRun struct {
	Service, Remote string
	Away            bool
	Job             *jobRow // compared both sides
	Applied         *jobRow // put right what a comparison found; it compared nothing itself
}

func (s *Site) drift(ctx context.Context, c *call) (any, error) {
	var p driftPage
	answers := upstream.ReadAll(ctx, s.Fleet.Connectors, "last jobs", upstream.Fresh, func(ctx context.Context, a *admin.Client) (admin.List[admin.Job], error) {
		return a.Jobs(ctx, admin.Page{Limit: runsLooked})
	})
	for _, a := range answers {
		run := driftRun{Service: a.Service.Name, Remote: remoteTitle(a.Service.Name), Away: a.Err != nil}
		if a.Err != nil {
			c.missing(a.Service, a.Err)
		}
		for _, job := range a.Value.Data {
			if job.Kind != "reconcile" {
				continue
			}
			row := newJobRow(a.Service.Name, job)
			if job.Reconcile == nil || job.Reconcile.Plan == "" {
				run.Job = &row
				break
			}
			if run.Applied == nil {
				run.Applied = &row
			}
		}
		p.Runs = append(p.Runs, run)
	}
	return p, nil
}

// runPage is one comparison with what it found.
type runPage struct {
	jobRow
	Remote   string
	Report   admin.Reconcile
	Fields   []counted
	Findings []findingRow
	Next     string
	Silent   bool // what it found could not be read
	DryRun   bool // it only reported, and can be applied
	Apart    int64
}

// Title implements the naming of pages.
func (runPage) Title() string { return "Comparison" }

type findingRow struct {
	admin.Finding
	Who   *person
	Maybe []person
}

func (s *Site) driftRun(ctx context.Context, c *call) (any, error) {
	service, ok := s.Fleet.Find(c.PathValue("service"))
	if !ok {
		return nil, errNotFound
	}
	job, err := s.readJob(ctx, service, c.PathValue("id"))
	if lost(err) || err == nil && job.Reconcile == nil {
		return nil, errNotFound
	}
	if err != nil {
		return nil, err
	}
	p := runPage{jobRow: newJobRow(service.Name, job), Remote: remoteTitle(service.Name), Report: *job.Reconcile}
	p.DryRun = job.State == "done" && job.Reconcile.Repair == ""
	p.Apart = p.Report.Drifted + p.Report.OnlyRemote + p.Report.OnlyLocal + p.Report.Duplicates + p.Report.Ambiguous
	for _, field := range slices.SortedFunc(maps.Keys(p.Report.Fields), func(a, b string) int { return cmp.Compare(p.Report.Fields[b], p.Report.Fields[a]) }) {
		p.Fields = append(p.Fields, counted{field, p.Report.Fields[field]})
	}
	cursor := c.URL.Query().Get("cursor")
	list, err := upstream.Read(ctx, service, "findings "+job.ID+cursor, upstream.Fresh, func(ctx context.Context, a *admin.Client) (admin.List[admin.Finding], error) {
		return a.Findings(ctx, job.ID, admin.Page{Cursor: cursor, Limit: findingsShown})
	})
	if err != nil {
		c.missing(service, err)
		p.Silent = true
	}
	var ids []string
	for _, f := range list.Data {
		ids = append(append(ids, f.RecordID), f.Candidates...)
	}
	who := s.people(ctx, c, ids...)
	for _, f := range list.Data {
		p.Findings = append(p.Findings, findingRowOf(c, f, who))
	}
	if list.HasMore {
		p.Next = link("/dashboard/drift/"+service.Name+"/"+job.ID, "cursor", list.NextCursor)
	}
	return p, nil
}

func findingRowOf(c *call, f admin.Finding, who people) findingRow {
	f.Fields = c.diffs(f.Fields)
	row := findingRow{Finding: f, Maybe: who.all(f.Candidates)}
	if f.RecordID != "" {
		row.Who = new(who.of(f.RecordID))
	}
	return row
}

// compareForm asks what a comparison is to do.
type compareForm struct {
	Connectors []string
	Service    string
	Plan       string // a dry run that is to be applied
	Found      *admin.Reconcile
}

func (s *Site) compareForm(ctx context.Context, c *call) (any, error) {
	form := compareForm{Service: c.PathValue("service"), Plan: c.PathValue("id")}
	for _, connector := range s.Fleet.Connectors {
		form.Connectors = append(form.Connectors, connector.Name)
	}
	if form.Plan == "" {
		return form, nil
	}
	service, ok := s.Fleet.Find(form.Service)
	if !ok {
		return nil, errNotFound
	}
	job, err := s.readJob(ctx, service, form.Plan)
	if lost(err) || err == nil && job.Reconcile == nil {
		return nil, errNotFound
	}
	form.Found = job.Reconcile
	return form, err
}

func (s *Site) compareAll(ctx context.Context, c *call) (outcome, error) {
	service, ok := s.Fleet.Find(c.PostForm.Get("service"))
	if !ok || service.Catalog {
		return outcome{}, mistake("Which connector is to be compared?")
	}
	request := admin.ReconcileRequest{
		Repair: c.PostForm.Get("repair"), Adopt: c.PostForm.Get("adopt"), Orphans: c.PostForm.Get("orphans"), Plan: c.PostForm.Get("plan"),
	}
	var err error
	if request.Rate, err = rate(c); err != nil {
		return outcome{}, err
	}
	job, err := c.client(service).Reconcile(ctx, request)
	if err != nil {
		return outcome{}, err
	}
	return outcome{Say: "The comparison has begun.", Go: "/dashboard/drift/" + service.Name + "/" + job.ID}, nil
}
