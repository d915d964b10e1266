package command

import (
	"encoding/json"

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

func detail(e admin.AuditEntry) string {
	if len(e.Detail) == 0 {
		return ""
	}
	encoded, err := json.Marshal(e.Detail)
	if err != nil {
		return ""
	}
	return string(encoded)
}
