package command

import (
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/plan"
)

const applyHelp = `Repair exactly what an earlier comparison found. PLAN is the file that --save wrote, or the id of the run.

A customer that changed on either side since then is left alone and counted as refused: exit code 4, or 7 when nothing
at all could be repaired. --repair says which side wins where they differ: catalog, remote, or policy, which settles each
field as a conflict would be.`

func (a *app) reconcileApply() *cobra.Command {
	var r reconciling
	cmd := &cobra.Command{
		Use: "apply PLAN", Short: "Repair what an earlier run found, unless it changed since", Long: applyHelp, Args: one,
		Example: "  datasync reconcile apply plan.json --repair catalog",
	}
	r.connectorFlag(cmd)
	r.rateFlag(cmd)
	cmd.Flags().StringVar(&r.request.Orphans, "orphans", "", "objects and customers without a match: create or ignore (default: report)")
	oneOf(cmd, "orphans", "create", "ignore")
	sides := []string{"catalog", "remote", "policy"}
	cmd.Flags().StringVar(&r.request.Repair, "repair", "", "which `side` wins where they differ: catalog, remote or policy")
	cmd.Flags().BoolVarP(&r.yes, "yes", "y", false, "do not ask")
	oneOf(cmd, "repair", sides...)
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		if !slices.Contains(sides, r.request.Repair) {
			return exit.New(exit.Usage, "it is not clear which side wins", "say --repair catalog, --repair remote or --repair policy")
		}
		if err := r.load(args[0]); err != nil {
			return err
		}
		connector, err := s.Connector(cmd.Context(), r.service)
		if err != nil {
			return err
		}
		made, err := connector.Job(cmd.Context(), r.request.Plan)
		if err != nil {
			return exit.Wrap(exit.CodeOf(err), err, "the run that the plan was made by is not known any more", "make a new plan with datasync reconcile --save")
		}
		if made.Reconcile != nil {
			question := fmt.Sprintf("this repairs up to %d differences; where the sides differ, %s wins.", made.Reconcile.Drifted, r.request.Repair)
			if err := a.confirm(r.yes, "%s", question); err != nil {
				return err
			}
		}
		job, err := r.run(cmd.Context(), p, connector)
		if err != nil {
			return err
		}
		return r.report(cmd.Context(), p, connector, job)
	})
	return cmd
}

// load finds out which run to apply, and of which connector.
func (r *reconciling) load(reference string) error {
	if uuid.Validate(reference) == nil {
		r.request.Plan = reference
		return nil
	}
	saved, err := plan.Load(reference)
	if err != nil {
		return err
	}
	if r.service != "" && r.service != saved.Connector {
		return exit.New(exit.Usage, fmt.Sprintf("the plan is for the connector %s, not for %s", saved.Connector, r.service), "leave --connector out")
	}
	r.service, r.request.Plan = saved.Connector, saved.Job
	return nil
}
