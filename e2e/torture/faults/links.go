package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
)

// onLinks does something to every link whose name contains a text.
func onLinks(text string, do func(*cluster.Link) error) func(context.Context, *rig) error {
	return func(_ context.Context, r *rig) error {
		var problems []error
		for _, link := range r.cluster.Links {
			if strings.Contains(link.Name, text) {
				problems = append(problems, do(link))
			}
		}
		return errors.Join(problems...)
	}
}

func mendLinks(ctx context.Context, r *rig) error {
	return onLinks("", func(l *cluster.Link) error { return l.Mend(ctx) })(ctx, r)
}

// logged is the first line with a text in the logs of processes; "" if there is none.
func (r *rig) logged(processes []*cluster.Process, text string) string {
	for _, p := range processes {
		raw, err := os.ReadFile(p.LogFile)
		if err != nil {
			return fmt.Sprint(err)
		}
		lines := strings.Split(string(raw), "\n")
		if i := slices.IndexFunc(lines, func(line string) bool { return strings.Contains(line, text) }); i >= 0 {
			return lines[i]
		}
	}
	return ""
}
