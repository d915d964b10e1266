package command

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/pkg/admin"
)

func (a *app) status() *cobra.Command {
	var watch bool
	var every time.Duration
	cmd := &cobra.Command{
		Use: "status", Short: "Say whether customers are in sync, and where work waits", Args: none,
		Example: "  datasync status --watch\n  datasync status -o json",
	}
	cmd.Flags().BoolVarP(&watch, "watch", "w", false, "again and again, until Ctrl-C")
	cmd.Flags().DurationVar(&every, "every", defaultEvery, "how often with --watch")
	cmd.RunE = a.do(func(cmd *cobra.Command, _ []string, p *output.Printer, s *connect.Services) error {
		if !watch {
			return showStatus(cmd.Context(), p, s)
		}
		if every < time.Second {
			return exit.New(exit.Usage, "--every must be at least 1s", "")
		}
		return a.watch(cmd.Context(), every, p, func(p *output.Printer) error { return showStatus(cmd.Context(), p, s) })
	})
	return cmd
}

const defaultEvery = 2 * time.Second

// answer is what one service said, or why it said nothing.
type answer struct {
	admin.Status
	Error string `json:"error,omitempty"`
}

// statuses asks every service; one that does not answer is part of the picture.
func statuses(ctx context.Context, s *connect.Services) ([]answer, error) {
	var answers []answer
	var failed error
	for i, client := range append([]*admin.Client{s.Catalog().Client}, s.URLs()...) {
		status, err := client.Status(ctx)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		one := answer{Status: status}
		if err != nil {
			failed, one.Error, one.Service = exit.Explain(err), exit.Explain(err).Error(), client.URL
			if i == 0 {
				one.Service = connect.Catalog
			}
		}
		answers = append(answers, one)
	}
	return answers, failed
}

func showStatus(ctx context.Context, p *output.Printer, s *connect.Services) error {
	answers, failed := statuses(ctx, s)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var err error
	if p.Format == output.Table {
		err = picture(p, answers)
	} else {
		list := output.NewList(p, "", statusColumns()...)
		if err = list.Add(answers...); err == nil {
			err = list.Close()
		}
	}
	if err != nil {
		return err
	}
	if failed != nil {
		return exit.Wrap(exit.CodeOf(failed), failed, failed.Error(), "")
	}
	return nil
}

func statusColumns() []output.Column[answer] {
	number := func(name string, value func(admin.Records) int64) output.Column[answer] {
		return output.Of(name, func(a answer) string { return strconv.FormatInt(value(a.Records), 10) })
	}
	return []output.Column[answer]{
		output.Of("service", func(a answer) string { return a.Service }),
		number("total", func(r admin.Records) int64 { return r.Total }),
		number("pending", func(r admin.Records) int64 { return r.Pending }),
		number("retrying", func(r admin.Records) int64 { return r.Retrying }),
		number("failed", func(r admin.Records) int64 { return r.Failed }),
		number("discarded", func(r admin.Records) int64 { return r.Discarded }),
		number("conflicts", func(r admin.Records) int64 { return r.Conflicts }),
		number("paused", func(r admin.Records) int64 { return r.Paused }),
		output.Of("problems", func(a answer) string { return strings.Join(problems(a), "; ") }),
	}
}

// problems are all reasons why work does not flow.
func problems(a answer) []string {
	var found []string
	if a.Error != "" {
		found = append(found, a.Error)
	}
	for _, check := range a.Checks {
		if !check.OK {
			found = append(found, strings.TrimSuffix(check.Name+": "+check.Detail, ": "))
		}
	}
	if a.Breaker != nil && a.Breaker.Open {
		found = append(found, "no calls are made: "+a.Breaker.Reason)
	}
	for _, stop := range stops(a.Status, admin.Outbound, admin.Inbound) {
		found = append(found, stop.String())
	}
	if a.Feed != nil && a.Feed.Gap != "" {
		found = append(found, "a reconcile is due: "+a.Feed.Gap)
	}
	for _, hop := range a.Hops {
		if hop.Problem != "" {
			found = append(found, hop.Name+": "+hop.Problem)
		}
	}
	return found
}

// picture is the status for people.
func picture(p *output.Printer, answers []answer) error {
	lines := []string{p.Paint(output.Bold, headline(answers))}
	for _, a := range answers {
		found := problems(a)
		word := p.Paint(output.Green, "ok")
		if len(found) > 0 {
			word = p.Paint(output.Red, "problem")
		}
		lines = append(lines, "", fmt.Sprintf("%s  %s", p.Paint(output.Bold, a.Service), word))
		for _, problem := range found {
			lines = append(lines, "  "+p.Paint(output.Red, "! ")+output.Clean(problem))
		}
		for _, hop := range a.Hops {
			lines = append(lines, fmt.Sprintf("  %-24s %6s waiting%s", hop.Name, strings.Replace(counted(hop.Depth), " or more", "+", 1), age(hop.OldestSeconds)))
		}
	}
	return p.Print("%s", strings.Join(lines, "\n"))
}

func age(seconds float64) string {
	if seconds < 1 {
		return ""
	}
	return ", the oldest for " + (time.Duration(seconds) * time.Second).String()
}

// headline is the one sentence that operators want.
func headline(answers []answer) string {
	var held int64
	for _, a := range answers {
		if a.Error != "" {
			return "The picture is not complete: not every service answers."
		}
		held += a.Records.Paused
	}
	records := answers[0].Records // the catalog's: only they add up to its total
	parts := []string{inSync(records)}
	for _, part := range []struct {
		count int64
		state string
	}{
		{records.Pending, "pending"},
		{records.Retrying, "retrying"},
		{records.Conflicts, "in conflict"},
		{records.Failed, "failed"},
		{records.Discarded, "discarded"},
	} {
		if part.count > 0 {
			parts = append(parts, counted(part.count)+" "+part.state)
		}
	}
	text := strings.Join(parts, "; ") + "."
	if held > 0 {
		text += " Operators paused " + counted(held) + ": datasync customers list --sync-state paused."
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// countLimit is up to where services count; from there on numbers are at least so many, and the total is an estimate.
const countLimit = 10_000

func counted(n int64) string {
	if n >= countLimit {
		return strconv.FormatInt(countLimit, 10) + " or more"
	}
	return strconv.FormatInt(n, 10)
}

func inSync(r admin.Records) string {
	switch {
	case max(r.Pending, r.Retrying, r.Failed, r.Discarded, r.Conflicts) >= countLimit:
		return fmt.Sprintf("of about %d customers not all are in sync", r.Total)
	case r.Total > countLimit:
		return fmt.Sprintf("%d of about %d customers in sync", r.InSync(), r.Total)
	}
	return fmt.Sprintf("%d of %d customers in sync", r.InSync(), r.Total)
}
