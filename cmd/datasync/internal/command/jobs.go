package command

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/pkg/admin"
)

func (a *app) jobs() *cobra.Command {
	return group("jobs", "See and cancel long work: reconciles, retries, replays, imports", a.jobsList(), a.jobsShow(), a.jobsCancel())
}

func jobColumns() []output.Column[admin.Job] {
	return []output.Column[admin.Job]{
		output.Of("id", func(j admin.Job) string { return j.ID }),
		output.Of("kind", func(j admin.Job) string { return j.Kind }),
		output.State("state", func(j admin.Job) string { return j.State }),
		output.Of("done", func(j admin.Job) string { return done(j.Done, j.Total) }),
		output.Of("counts", func(j admin.Job) string { return counts(j.Counts) }),
		output.Of("by", func(j admin.Job) string { return j.CreatedBy }),
		output.Of("created", func(j admin.Job) string { return stamp(j.CreatedAt) }),
		output.Of("finished", func(j admin.Job) string { return stamp(j.FinishedAt) }),
		output.Of("error", func(j admin.Job) string { return j.Error }),
	}
}

func done(done, total int64) string {
	if total <= 0 {
		return strconv.FormatInt(done, 10)
	}
	return fmt.Sprintf("%d/%d", done, total)
}

func counts(byOutcome map[string]int64) string {
	parts := make([]string, 0, len(byOutcome))
	for _, outcome := range slices.Sorted(maps.Keys(byOutcome)) {
		parts = append(parts, fmt.Sprintf("%d %s", byOutcome[outcome], inWords(outcome)))
	}
	return strings.Join(parts, ", ")
}

// inWords says what a job counts. What is not here is a word as it is.
func inWords(outcome string) string {
	words, ok := map[string]string{
		"drift": "differ", "only_local": "only in the catalog", "only_remote": "only at the remote", "duplicate": "duplicates",
		"match": "matched", "open": "not repaired yet", "unknown": "not known to the connector", "bad": "bad rows", "repeated": "imported before",
		"would_replay": "would be replayed", "would_try": "would be tried again", "would_discard": "would be discarded", "tried": "tried again",
	}[outcome]
	if !ok {
		return strings.ReplaceAll(outcome, "_", " ")
	}
	return words
}

func (a *app) jobsList() *cobra.Command {
	var which scope
	var limit int
	cmd := &cobra.Command{Use: "list", Short: "List jobs, newest first", Args: none}
	which.flag(cmd, allServices)
	cmd.Flags().IntVar(&limit, "limit", defaultLimit, "at most so many of each service; 0 for all")
	cmd.RunE = a.do(func(cmd *cobra.Command, _ []string, p *output.Printer, s *connect.Services) error {
		services, err := s.Select(cmd.Context(), which.service)
		if err != nil {
			return err
		}
		list := output.NewList(p, "No jobs.", of(jobColumns()...)...)
		return gather(cmd.Context(), services, limit, list, p, func(c connect.Service, cursor string, limit int) (page[admin.Job], error) {
			return c.Jobs(cmd.Context(), admin.Page{Cursor: cursor, Limit: limit})
		})
	})
	return cmd
}

func (a *app) jobsShow() *cobra.Command {
	var which scope
	var f following
	var wait bool
	cmd := &cobra.Command{Use: "show JOB", Short: "Show one job, or follow it to its end", Args: one}
	which.flag(cmd, allServices)
	cmd.Flags().BoolVar(&wait, "follow", false, "show its progress and wait until it ends")
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		service, job, err := findJob(cmd.Context(), s, which.service, args[0])
		if err != nil {
			return err
		}
		f.background = !wait
		return f.follow(cmd.Context(), p, service, job)
	})
	return cmd
}

// findJob finds the service that a job belongs to.
func findJob(ctx context.Context, s *connect.Services, name, id string) (connect.Service, admin.Job, error) {
	services, err := s.Select(ctx, name)
	if err != nil {
		return connect.Service{}, admin.Job{}, err
	}
	job, service, err := first(services, func(c connect.Service) (admin.Job, error) { return c.Job(ctx, id) })
	return service, job, err
}

func (a *app) jobsCancel() *cobra.Command {
	var which scope
	cmd := &cobra.Command{Use: "cancel JOB", Short: "Stop a job; what it did stays done", Args: one}
	which.flag(cmd, allServices)
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		service, _, err := findJob(cmd.Context(), s, which.service, args[0])
		if err != nil {
			return err
		}
		job, err := service.CancelJob(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return output.One(p, from[admin.Job]{service.Name, job}, of(jobColumns()...)...)
	})
	return cmd
}

// following is how a command goes on after it started a job.
type following struct{ background bool }

func (f *following) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.background, "background", false, "do not wait for the job's end")
}

// follow shows the progress of a job until it ends, and how it ended.
func (f *following) follow(ctx context.Context, p *output.Printer, service connect.Service, job admin.Job) error {
	if !f.background {
		var err error
		if job, err = finished(ctx, p, service, job); err != nil {
			return err
		}
	}
	if err := output.One(p, from[admin.Job]{service.Name, job}, of(jobColumns()...)...); err != nil {
		return err
	}
	if f.background {
		return nil
	}
	return ended(job)
}

// finished waits for the end of a job. When the user stops waiting, the job goes on.
func finished(ctx context.Context, p *output.Printer, service connect.Service, job admin.Job) (admin.Job, error) {
	progress := output.NewProgress(p, job.Kind)
	defer progress.Close()
	const forever = 1000 * time.Hour
	err := until(ctx, forever, func(ctx context.Context) (bool, error) {
		now, err := service.Job(ctx, job.ID)
		if err != nil {
			return false, err
		}
		job = now
		progress.Set(job.Done, job.Total, counts(job.Counts))
		return job.State != "queued" && job.State != "running", nil
	})
	if ctx.Err() != nil {
		return job, exit.Wrap(exit.Partial, err, "not waiting any longer, but the job goes on", "datasync jobs show --follow "+job.ID+" waits again, datasync jobs cancel "+job.ID+" stops it")
	}
	return job, err
}

// ended tells when a job did not come to its end.
func ended(job admin.Job) error {
	switch job.State {
	case "failed":
		return exit.New(exit.Failed, "the job failed: "+cmp.Or(job.Error, "no reason is known"), "")
	case "cancelled":
		return exit.New(exit.Partial, "the job was cancelled after "+done(job.Done, job.Total), "")
	}
	return nil
}
