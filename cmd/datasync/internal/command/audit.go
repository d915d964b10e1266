package command

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/pkg/admin"
)

func (a *app) audit() *cobra.Command {
	var which scope
	var limit int
	cmd := &cobra.Command{Use: "audit", Short: "Show what operators did, newest first", Args: none}
	which.flag(cmd, allServices)
	cmd.Flags().IntVar(&limit, "limit", defaultLimit, "at most so many of each service; 0 for all")
	cmd.RunE = a.do(func(cmd *cobra.Command, _ []string, p *output.Printer, s *connect.Services) error {
		services, err := s.Select(cmd.Context(), which.service)
		if err != nil {
			return err
		}
		list := output.NewList(p, "Nobody did anything yet.", of(
			output.Of("at", func(e admin.AuditEntry) string { return stamp(e.At) }),
			output.Of("actor", func(e admin.AuditEntry) string { return e.Actor }),
			output.Of("action", func(e admin.AuditEntry) string { return e.Action }),
			output.Of("target", func(e admin.AuditEntry) string { return e.Target }),
			output.Of("reason", func(e admin.AuditEntry) string { return e.Reason }),
			output.Of("detail", detail),
		)...)
		return gather(cmd.Context(), services, limit, list, p, func(c connect.Service, cursor string, limit int) (page[admin.AuditEntry], error) {
			return c.Audit(cmd.Context(), admin.Page{Cursor: cursor, Limit: limit})
		})
	})
	return cmd
}

// detail is what was asked for, without what was left out of the request.
func detail(e admin.AuditEntry) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(e.Detail)) {
		if value := e.Detail[name]; !leftOut(e.Action, value) {
			parts = append(parts, strings.ReplaceAll(name, "_", " ")+": "+shown(value))
		}
	}
	return strings.Join(parts, ", ")
}

// leftOut reports whether a value stands for nothing. Where a setting was changed, no and 0 are what it was changed to.
func leftOut(action string, value any) bool {
	switch value := value.(type) {
	case string:
		return value == ""
	case []any:
		return len(value) == 0
	case bool:
		return !value && action != "control.set"
	case float64:
		return value == 0 && action != "key.rotate"
	}
	return false
}

func shown(value any) string {
	switch value := value.(type) {
	case nil:
		return "as configured"
	case bool:
		return map[bool]string{true: "yes", false: "no"}[value]
	case []any:
		items := make([]string, len(value))
		for i, one := range value {
			items[i] = shown(one)
		}
		return strings.Join(items, " ")
	case float64:
		return decimal(value)
	}
	return fmt.Sprint(value)
}
