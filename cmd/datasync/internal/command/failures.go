package command

import (
	"context"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/pkg/admin"
)

func (a *app) failures() *cobra.Command {
	return group("failures", "See why customers cannot be synced, and try them again", a.failuresList(), a.failuresRetry())
}

func (a *app) failuresList() *cobra.Command {
	var which scope
	cmd := &cobra.Command{Use: "list", Short: "List what fails, grouped by reason, with the fix", Args: none}
	which.connectorFlag(cmd)
	cmd.RunE = a.do(func(cmd *cobra.Command, _ []string, p *output.Printer, s *connect.Services) error {
		connectors, err := s.SelectConnectors(cmd.Context(), which.service)
		if err != nil {
			return err
		}
		list := output.NewList(p, "Nothing fails.", of(
			output.Of("group", func(g admin.FailureGroup) string { return g.Fingerprint }),
			output.Of("count", func(g admin.FailureGroup) string { return strconv.FormatInt(g.Count, 10) }),
			output.Of("class", func(g admin.FailureGroup) string { return g.Class }),
			output.Of("field", func(g admin.FailureGroup) string { return g.Field }),
			output.Of("last_seen", func(g admin.FailureGroup) string { return stamp(g.LastSeen) }),
			output.Of("reason", func(g admin.FailureGroup) string { return g.Reason }),
			output.Of("fix", func(g admin.FailureGroup) string { return g.Fix }),
		)...)
		return gather(cmd.Context(), connectors, 0, list, p, func(c connect.Service, _ string, _ int) (page[admin.FailureGroup], error) {
			return all(c.Failures(cmd.Context()))
		})
	})
	return cmd
}

func (a *app) failuresRetry() *cobra.Command {
	var which scope
	var f following
	var r admin.RetryRequest
	cmd := &cobra.Command{
		Use: "retry [CUSTOMER...]", Short: "Try failed customers again: some, a group of failures, or all",
		Args: between(0, -1),
		Example: "  datasync failures retry ada@example.com\n  datasync failures retry --group 5f3c --rate 10\n" +
			"  datasync failures retry --all --dry-run",
	}
	which.connectorFlag(cmd)
	f.flags(cmd)
	cmd.Flags().StringVar(&r.Fingerprint, "group", "", "all customers of one `group` of datasync failures list")
	cmd.Flags().BoolVar(&r.All, "all", false, "all customers that failed")
	cmd.Flags().Float64Var(&r.Rate, "rate", 0, "customers per second (default: as fast as the workers can)")
	cmd.Flags().BoolVar(&r.DryRun, "dry-run", false, "only count them")
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		if selections(len(args) > 0, r.Fingerprint != "", r.All) != 1 {
			return exit.New(exit.Usage, "it is not clear which customers to try again", "name customers, or a --group, or say --all")
		}
		for _, reference := range args {
			id, err := client(s).ID(cmd.Context(), reference)
			if err != nil {
				return err
			}
			r.RecordIDs = append(r.RecordIDs, id)
		}
		connector, err := s.Connector(cmd.Context(), which.service)
		if err != nil {
			return err
		}
		if err := knownGroup(cmd.Context(), connector, r.Fingerprint); err != nil {
			return err
		}
		job, err := connector.Retry(cmd.Context(), r)
		if err != nil {
			return err
		}
		return f.follow(cmd.Context(), p, connector, job)
	})
	return cmd
}

// shownGroups is how many groups a connector shows at most.
const shownGroups = 100

// knownGroup refuses a group that nobody is in: a job that tries nothing would look like one that helped.
func knownGroup(ctx context.Context, connector connect.Service, fingerprint string) error {
	if fingerprint == "" {
		return nil
	}
	groups, err := connector.Failures(ctx)
	if err != nil {
		return err
	}
	in := func(g admin.FailureGroup) bool { return g.Fingerprint == fingerprint }
	if len(groups) < shownGroups && !slices.ContainsFunc(groups, in) {
		return exit.New(exit.NotFound, "no customer fails in a group "+fingerprint, "datasync failures list shows the groups that there are")
	}
	return nil
}

// selections counts how many ways to select something were used.
func selections(ways ...bool) (n int) {
	for _, used := range ways {
		if used {
			n++
		}
	}
	return n
}
