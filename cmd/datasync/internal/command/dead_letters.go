package command

import (
	"errors"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/pkg/admin"
)

func (a *app) deadLetters() *cobra.Command {
	return group("dead-letters", "See messages that could not be handled, replay or discard them",
		a.deadLettersList(), a.deadLettersShow(), a.deadLettersReplay(), a.deadLettersDiscard())
}

func deadLetterColumns() []output.Column[admin.DeadLetter] {
	return []output.Column[admin.DeadLetter]{
		output.Of("id", func(d admin.DeadLetter) string { return d.ID }),
		output.Of("at", func(d admin.DeadLetter) string { return stamp(d.At) }),
		output.State("state", func(d admin.DeadLetter) string { return d.State }),
		output.Of("queue", func(d admin.DeadLetter) string { return d.Queue }),
		output.Of("message_id", func(d admin.DeadLetter) string { return d.MessageID }),
		output.Of("bytes", func(d admin.DeadLetter) string { return strconv.Itoa(d.Bytes) }),
		output.Of("reason", func(d admin.DeadLetter) string { return d.Reason }),
	}
}

func (a *app) deadLettersList() *cobra.Command {
	var which scope
	var state string
	var limit int
	cmd := &cobra.Command{Use: "list", Short: "List dead letters, newest first", Args: none}
	which.flag(cmd, allServices)
	cmd.Flags().StringVar(&state, "state", "waiting", "waiting, replayed, discarded or all")
	cmd.Flags().IntVar(&limit, "limit", defaultLimit, "at most so many of each service; 0 for all")
	states := []string{"waiting", "replayed", "discarded", "all"}
	oneOf(cmd, "state", states...)
	cmd.RunE = a.do(func(cmd *cobra.Command, _ []string, p *output.Printer, s *connect.Services) error {
		if !slices.Contains(states, state) {
			return exit.New(exit.Usage, "--state must be waiting, replayed, discarded or all", "")
		}
		if state == "all" {
			state = ""
		}
		services, err := s.Select(cmd.Context(), which.service)
		if err != nil {
			return err
		}
		list := output.NewList(p, "No dead letters.", of(deadLetterColumns()...)...)
		return gather(cmd.Context(), services, limit, list, p, func(c connect.Service, cursor string, limit int) (page[admin.DeadLetter], error) {
			return c.DeadLetters(cmd.Context(), state, admin.Page{Cursor: cursor, Limit: limit})
		})
	})
	return cmd
}

func (a *app) deadLettersShow() *cobra.Command {
	var which scope
	cmd := &cobra.Command{Use: "show ID", Short: "Show one dead letter with its body", Args: one}
	which.flag(cmd, allServices)
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		services, err := s.Select(cmd.Context(), which.service)
		if err != nil {
			return err
		}
		letter, service, err := first(services, func(c connect.Service) (admin.DeadLetter, error) { return c.DeadLetter(cmd.Context(), args[0]) })
		if err != nil {
			return err
		}
		columns := append(deadLetterColumns(),
			output.Of("exchange", func(d admin.DeadLetter) string { return d.Exchange }),
			output.Of("key", func(d admin.DeadLetter) string { return d.Key }),
			output.Of("settled_by", func(d admin.DeadLetter) string { return d.SettledBy }),
			output.Of("settled_at", func(d admin.DeadLetter) string { return stamp(d.SettledAt) }),
			output.Of("settled_for", func(d admin.DeadLetter) string { return d.SettledFor }),
			output.Of("body", func(d admin.DeadLetter) string { return d.Body }))
		return output.One(p, from[admin.DeadLetter]{service.Name, letter}, of(columns...)...)
	})
	return cmd
}

func (a *app) deadLettersReplay() *cobra.Command {
	var which scope
	var f following
	var r admin.ReplayRequest
	cmd := &cobra.Command{
		Use: "replay [ID...]", Short: "Send dead letters to the queue they came from, some or all", Args: between(0, -1),
		Example: "  datasync dead-letters replay 0199c2a4-7d1c-7a3e-9f6e-2a5f0c9d8b71\n  datasync dead-letters replay --all --service stripe --rate 20",
	}
	which.flag(cmd, "the `service` that they belong to: catalog, or the name of a connector (default: whichever has them)")
	f.flags(cmd)
	cmd.Flags().BoolVar(&r.All, "all", false, "all that wait")
	cmd.Flags().Float64Var(&r.Rate, "rate", 0, "messages per second (default: no limit)")
	cmd.Flags().BoolVar(&r.DryRun, "dry-run", false, "only count them")
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		if selections(len(args) > 0, r.All) != 1 {
			return exit.New(exit.Usage, "it is not clear which dead letters to replay", "name them by id, or say --all")
		}
		services, err := s.Select(cmd.Context(), which.service)
		if err != nil {
			return err
		}
		if len(args) > 0 {
			_, owner, err := first(services, func(c connect.Service) (admin.DeadLetter, error) { return c.DeadLetter(cmd.Context(), args[0]) })
			if err != nil {
				return err
			}
			r.IDs, services = args, []connect.Service{owner}
		}
		var failures []error
		for _, service := range services {
			job, err := service.Replay(cmd.Context(), r)
			if err == nil {
				err = f.follow(cmd.Context(), p, service, job)
			}
			if err != nil {
				failures = append(failures, of1(service, len(services), err))
			}
		}
		return errors.Join(failures...)
	})
	return cmd
}

func (a *app) deadLettersDiscard() *cobra.Command {
	var which scope
	var reason string
	cmd := &cobra.Command{
		Use: "discard ID", Short: "Give a dead letter up", Args: one,
		Example: "  datasync dead-letters discard 0199c2a4-7d1c-7a3e-9f6e-2a5f0c9d8b71 --reason 'sent by a test'",
	}
	which.flag(cmd, allServices)
	cmd.Flags().StringVar(&reason, "reason", "", "`why`; it is kept with the letter and in the audit")
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		if reason == "" {
			return exit.New(exit.Usage, "a reason is needed", "say --reason 'why it can be given up'")
		}
		services, err := s.Select(cmd.Context(), which.service)
		if err != nil {
			return err
		}
		letter, service, err := first(services, func(c connect.Service) (admin.DeadLetter, error) {
			return c.Discard(cmd.Context(), args[0], reason)
		})
		if err != nil {
			return err
		}
		return output.One(p, from[admin.DeadLetter]{service.Name, letter}, of(deadLetterColumns()...)...)
	})
	return cmd
}
