package command

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/pkg/admin"
)

func (a *app) failures() *cobra.Command {
	return group("failures", "See why customers cannot be synced, try them again, or accept it", a.failuresList(), a.failuresRetry(), a.failuresDiscard())
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

// chosen are the customers of a connector that a command about failures is for.
type chosen struct {
	which     scope
	group     string
	all       bool
	connector connect.Service
	records   []string
}

func (c *chosen) flags(cmd *cobra.Command, all string) {
	c.which.connectorFlag(cmd)
	cmd.Flags().StringVar(&c.group, "group", "", "all customers of one `group` of datasync failures list")
	cmd.Flags().BoolVar(&c.all, "all", false, all)
}

// find looks the customers and the connector up. alone are further ways to select, of which one is enough.
func (c *chosen) find(ctx context.Context, s *connect.Services, customers []string, alone ...bool) (err error) {
	if selections(append(alone, len(customers) > 0, c.group != "", c.all)...) != 1 {
		return exit.New(exit.Usage, "it is not clear which customers are meant", "name customers, or a --group, or say --all")
	}
	for _, reference := range customers {
		id, err := client(s).ID(ctx, reference)
		if err != nil {
			return err
		}
		c.records = append(c.records, id)
	}
	if c.connector, err = s.Connector(ctx, c.which.service); err != nil {
		return err
	}
	return knownGroup(ctx, c.connector, c.group)
}

func (a *app) failuresRetry() *cobra.Command {
	var of chosen
	var f following
	var r admin.RetryRequest
	cmd := &cobra.Command{
		Use: "retry [CUSTOMER...]", Short: "Try failed customers again: some, a group of failures, or all",
		Args: between(0, -1),
		Example: "  datasync failures retry ada@example.com\n  datasync failures retry --group 5f3c --rate 10\n" +
			"  datasync failures retry --all --dry-run\n  datasync failures retry --discarded",
	}
	of.flags(cmd, "all customers that failed")
	f.flags(cmd)
	cmd.Flags().BoolVar(&r.Discarded, "discarded", false, "all customers that were discarded")
	cmd.Flags().Float64Var(&r.Rate, "rate", 0, "customers per second (default: as fast as the workers can)")
	cmd.Flags().BoolVar(&r.DryRun, "dry-run", false, "only count them")
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		if err := of.find(cmd.Context(), s, args, r.Discarded); err != nil {
			return err
		}
		r.RecordIDs, r.Fingerprint, r.All = of.records, of.group, of.all
		job, err := of.connector.Retry(cmd.Context(), r)
		if err != nil {
			return err
		}
		return f.follow(cmd.Context(), p, of.connector, job)
	})
	return cmd
}

func (a *app) failuresDiscard() *cobra.Command {
	var of chosen
	var f following
	var r admin.DiscardRequest
	cmd := &cobra.Command{
		Use: "discard [CUSTOMER...]", Short: "Accept that parked customers are not in sync: some, a group of failures, or all",
		Long: "Accept that parked customers are not in sync. They count as failed no more, and the reason stands in their timeline. " +
			"A new version, an edit at the remote, or datasync failures retry brings a customer back.",
		Args: between(0, -1),
		Example: "  datasync failures discard ada@example.com --reason 'a test account'\n" +
			"  datasync failures discard --group 5f3c --reason 'ticket 1234' --dry-run",
	}
	of.flags(cmd, "all customers that are parked")
	f.flags(cmd)
	cmd.Flags().StringVar(&r.Reason, "reason", "", "`why`, in up to 200 characters; no personal data")
	cmd.Flags().Float64Var(&r.Rate, "rate", 0, "customers per second (default: no limit)")
	cmd.Flags().BoolVar(&r.DryRun, "dry-run", false, "only count them")
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		if n := utf8.RuneCountInString(strings.TrimSpace(r.Reason)); n == 0 || n > admin.MaxReason {
			return exit.New(exit.Usage, "a reason of up to 200 characters is needed", "say --reason 'why it can be left so'")
		}
		if err := of.find(cmd.Context(), s, args); err != nil {
			return err
		}
		r.RecordIDs, r.Fingerprint, r.All = of.records, of.group, of.all
		job, err := of.connector.DiscardFailures(cmd.Context(), r)
		if err != nil {
			return err
		}
		return f.follow(cmd.Context(), p, of.connector, job)
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
