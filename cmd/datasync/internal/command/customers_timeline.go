package command

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/customers"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/pkg/admin"
)

func (a *app) customersTimeline() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use: "timeline CUSTOMER", Short: "Show everything that happened to a customer, on both sides", Args: one,
		Long: "Show everything that happened to a customer, on both sides, oldest first: who changed what, what was skipped and why,\n" +
			"every call to the remote with its answer. CUSTOMER is its id, its id at Stripe (cus_...) or its email address.",
		Example: "  datasync customers timeline ada@example.com\n  datasync customers timeline cus_NffrFeUfNV2Hib -o jsonl",
	}
	cmd.Flags().IntVar(&limit, "limit", defaultLimit, "the last so many changes of each service; 0 for all")
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		id, err := client(s).ID(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		changes, more, failed := history(cmd, s, id, limit)
		if len(changes) == 0 && failed != nil {
			return failed
		}
		if p.Format == output.Table {
			if err := heading(cmd.Context(), p, s, id); err != nil {
				return err
			}
			err = story(p, changes)
		} else {
			list := output.NewList(p, "", changeColumns()...)
			if err = list.Add(changes...); err == nil {
				err = list.Close()
			}
		}
		if err == nil && more {
			p.Note("There are older changes; --limit 0 shows all.")
		}
		return cmp.Or(err, failed)
	})
	return cmd
}

// heading says what keeps connectors from the customer now: the changes below only tell what was.
func heading(ctx context.Context, p *output.Printer, s *connect.Services, id string) error {
	held, _ := holdsOf(ctx, s, customers.Customer{ID: id}) // who does not answer is told by history
	for _, remote := range slices.Sorted(maps.Keys(held)) {
		for _, h := range held[remote] {
			if err := p.Print("%s %s: %s", p.Paint(output.Yellow, "held"), remote, h); err != nil {
				return err
			}
		}
	}
	return nil
}

// history is what all services know of a record, oldest first.
func history(cmd *cobra.Command, s *connect.Services, id string, limit int) (changes []admin.Change, more bool, failed error) {
	services := s.All(cmd.Context())
	missing := 0
	for _, service := range services {
		again, err := pages(limit, func(cursor string, limit int) (page[admin.Change], error) {
			return service.Timeline(cmd.Context(), id, admin.Page{Cursor: cursor, Limit: limit})
		}, func(items ...admin.Change) error {
			changes = append(changes, items...)
			return nil
		})
		more = more || again
		if exit.CodeOf(err) == exit.NotFound {
			missing++ // a connector may not have met the record yet
			err = nil
		}
		if err != nil {
			failed = of1(service, len(services), err)
		}
	}
	if missing == len(services) && failed == nil {
		failed = exit.New(exit.NotFound, "no service knows the record "+id, "look for the customer with datasync customers list")
	}
	slices.SortStableFunc(changes, func(a, b admin.Change) int { return a.At.Compare(b.At) })
	return changes, more, failed
}

func changeColumns() []output.Column[admin.Change] {
	return []output.Column[admin.Change]{
		output.Of("at", func(c admin.Change) string { return c.At.UTC().Format(time.RFC3339Nano) }),
		output.Of("service", func(c admin.Change) string { return c.Service }),
		output.Of("direction", func(c admin.Change) string { return c.Direction }),
		output.Of("op", func(c admin.Change) string { return c.Op }),
		output.Of("version", func(c admin.Change) string { return fmt.Sprint(c.Version) }),
		output.State("state", func(c admin.Change) string { return c.State }),
		output.Of("skip", func(c admin.Change) string { return c.Skip }),
		output.Of("origin", func(c admin.Change) string { return c.Origin }),
		output.Of("fields", func(c admin.Change) string {
			parts := make([]string, 0, len(c.Fields))
			for _, f := range c.Fields {
				parts = append(parts, difference(f))
			}
			return strings.Join(parts, "; ")
		}),
		output.Of("remote_id", func(c admin.Change) string { return c.RemoteID }),
		output.Of("request_id", func(c admin.Change) string { return c.RequestID }),
		output.Of("trace_id", func(c admin.Change) string { return c.TraceID }),
	}
}

func difference(f admin.FieldDiff) string {
	return fmt.Sprintf("%s: %s -> %s", f.Field, quoted(f.Before), quoted(f.After))
}

func quoted(value string) string {
	if value == "" {
		return "(empty)"
	}
	return `"` + output.Clean(value) + `"`
}

// arrows show where a change goes.
func arrow(direction string) string {
	switch direction {
	case admin.Outbound:
		return "-->"
	case admin.Inbound:
		return "<--"
	}
	return " * "
}

// story tells the changes for people.
func story(p *output.Printer, changes []admin.Change) error {
	if len(changes) == 0 {
		p.Note("Nothing happened yet.")
	}
	day := ""
	for _, c := range changes {
		if today := c.At.UTC().Format(time.DateOnly); today != day {
			day = today
			if err := p.Print("%s", p.Paint(output.Bold, day)); err != nil {
				return err
			}
		}
		if err := p.Print("%s", strings.Join(paragraph(p, c), "\n")); err != nil {
			return err
		}
	}
	return nil
}

// paragraph is one change with its fields, calls and conflicts.
func paragraph(p *output.Printer, c admin.Change) []string {
	head := fmt.Sprintf("  %s  %s  %-8s %-7s v%-3d %s", p.Paint(output.Dim, c.At.UTC().Format("15:04:05.000")), arrow(c.Direction),
		c.Service, c.Op, c.Version, p.Paint(output.StyleOf(c.State), c.State))
	if c.Skip != "" {
		head += ": " + c.Skip
	}
	if c.Origin != "" {
		head += p.Paint(output.Dim, "  by "+output.Clean(c.Origin))
	}
	lines := []string{head}
	const indent = "                     "
	for _, f := range c.Fields {
		lines = append(lines, indent+difference(f))
	}
	for _, attempt := range c.Attempts {
		lines = append(lines, indent+call(p, attempt))
	}
	for _, conflict := range c.Conflicts {
		lines = append(lines, indent+p.Paint(output.Red, "conflict")+fmt.Sprintf(" %s: catalog %s, %s %s; %s", conflict.Field,
			quoted(conflict.CatalogValue), conflict.Remote, quoted(conflict.RemoteValue), settled(conflict)))
	}
	return lines
}

func settled(c admin.Conflict) string {
	if c.Winner == "" {
		return "waits for datasync conflicts resolve " + c.ID
	}
	return c.Winner + " won by policy " + c.Policy
}

// call is one attempt in one line.
func call(p *output.Printer, a admin.Attempt) string {
	outcome := p.Paint(output.Green, fmt.Sprint(a.Status))
	if a.Class != "" {
		outcome = p.Paint(output.Red, strings.TrimSpace(fmt.Sprintf("%d %s", a.Status, a.Class)))
	}
	text := fmt.Sprintf("attempt %d %s: %s in %.0f ms", a.Number, a.Op, outcome, a.DurationMS)
	if a.Error != "" {
		text += ": " + output.Clean(strings.TrimPrefix(a.Field+": ", ": ")+a.Error)
	}
	if a.RequestID != "" {
		text += p.Paint(output.Dim, "  "+a.RequestID)
	}
	return text
}
