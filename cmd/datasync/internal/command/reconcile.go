package command

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/plan"
	"github.com/datasync-dev/datasync/pkg/admin"
)

const reconcileHelp = `Compare all customers with the remote and print every difference, field by field. Nothing is changed: exit code 3 says
that there are differences.

To repair them, look at the differences first, save them as a plan, and apply that. What moved since then is left alone:
  datasync reconcile --save plan.json
  datasync reconcile apply plan.json --repair catalog`

// reconciling are the flags of a reconcile.
type reconciling struct {
	scope

	request admin.ReconcileRequest
	only    []string
	save    string
	yes     bool
}

// matching are the flags of a comparison; a plan has settled them.
func (r *reconciling) matching(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&r.request.Adopt, "adopt", "", "also match objects that are not linked with customers, by mark, email or external_id")
	f.StringVar(&r.request.ExternalKey, "external-key", "", "with --adopt external_id: the `key` of metadata at the remote that holds the customer's id, or the same value as here")
	oneOf(cmd, "adopt", "mark", "email", "external_id")
}

func (r *reconciling) rateFlag(cmd *cobra.Command) {
	cmd.Flags().Float64Var(&r.request.Rate, "rate", 0, "calls per second (default: a quarter of the connector's)")
}

func (a *app) reconcile() *cobra.Command {
	var r reconciling
	cmd := &cobra.Command{
		Use: "reconcile", Short: "Compare everything with the remote; print and repair differences", Long: reconcileHelp, Args: none,
		Example: "  datasync reconcile\n  datasync reconcile --only ada@example.com -o json",
	}
	r.connectorFlag(cmd)
	r.matching(cmd)
	r.rateFlag(cmd)
	cmd.Flags().StringSliceVar(&r.only, "only", nil, "only these `customers`, with commas: ids, cus_... or email addresses")
	cmd.Flags().StringVar(&r.save, "save", "", "`file` to save the differences in as a plan")
	cmd.RunE = a.do(func(cmd *cobra.Command, _ []string, p *output.Printer, s *connect.Services) error {
		ctx := cmd.Context()
		connector, err := s.Connector(ctx, r.service)
		if err != nil {
			return err
		}
		for _, reference := range r.only {
			id, err := client(s).ID(ctx, reference)
			if err != nil {
				return err
			}
			r.request.Only = append(r.request.Only, id)
		}
		job, err := r.run(ctx, p, connector)
		if err != nil {
			return err
		}
		return r.report(ctx, p, connector, job)
	})
	cmd.AddCommand(a.reconcileApply(), a.reconcileShow())
	return cmd
}

// run starts the comparison and waits for its end.
func (r *reconciling) run(ctx context.Context, p *output.Printer, connector connect.Service) (admin.Job, error) {
	job, err := connector.Reconcile(ctx, r.request)
	if err != nil {
		return job, err
	}
	if job, err = finished(ctx, p, connector, job); err != nil {
		return job, err
	}
	return job, ended(job)
}

// report shows what a job found and saves it.
func (r *reconciling) report(ctx context.Context, p *output.Printer, connector connect.Service, job admin.Job) error {
	found := admin.Reconcile{}
	if job.Reconcile != nil {
		found = *job.Reconcile
	}
	saved := plan.Plan{Connector: connector.Name, Job: job.ID, MadeAt: time.Now().UTC(), Found: found}
	list := newFindings(p, connector.Name)
	_, err := pages(0, func(cursor string, limit int) (page[admin.Finding], error) {
		return connector.Findings(ctx, job.ID, admin.Page{Cursor: cursor, Limit: limit})
	}, func(findings ...admin.Finding) error {
		if r.save != "" {
			saved.Findings = append(saved.Findings, findings...)
		}
		return list.add(findings...)
	})
	if err != nil {
		return err
	}
	if err := list.close(found); err != nil {
		return err
	}
	if r.save != "" {
		if err := plan.Save(r.save, saved); err != nil {
			return err
		}
		p.Note("Saved in %s. Apply it with: datasync reconcile apply %s --repair catalog|remote|policy", r.save, r.save)
	}
	return verdict(found)
}

// verdict is the exit code of a comparison.
func verdict(r admin.Reconcile) error {
	differences := r.Drifted + r.OnlyLocal + r.OnlyRemote + r.Duplicates + r.Ambiguous
	switch {
	case r.Repair != "" || r.Plan != "":
		return outcome(r)
	case differences > 0:
		return &exit.Error{Code: exit.Differences}
	case r.Unreached != "":
		return exit.New(exit.Partial, "not everything was compared: "+r.Unreached, "")
	}
	return nil
}

// outcome is the exit code of a repair.
func outcome(r admin.Reconcile) error {
	const fix = "compare again: datasync reconcile"
	switch {
	case r.Refused > 0 && r.Repaired+r.Adopted == 0:
		return exit.New(exit.Conflict, "nothing was repaired: everything in the plan changed since it was made", fix)
	case r.Refused > 0:
		return exit.New(exit.Partial, "a part was not repaired, because it changed since the plan was made", fix)
	case r.Unreached != "":
		return exit.New(exit.Partial, "not everything was repaired: "+r.Unreached, fix)
	}
	return nil
}

func (a *app) reconcileShow() *cobra.Command {
	var r reconciling
	cmd := &cobra.Command{Use: "show JOB", Short: "Print again what an earlier run found", Args: one}
	r.connectorFlag(cmd)
	cmd.Flags().StringVar(&r.save, "save", "", "`file` to save the differences in as a plan")
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		connector, err := s.Connector(cmd.Context(), r.service)
		if err != nil {
			return err
		}
		job, err := connector.Job(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return r.report(cmd.Context(), p, connector, job)
	})
	return cmd
}
