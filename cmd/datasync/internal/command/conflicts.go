package command

import (
	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/pkg/admin"
)

func (a *app) conflicts() *cobra.Command {
	return group("conflicts", "See fields that both sides changed at once, and settle those that wait", a.conflictsList(), a.conflictsShow(), a.conflictsResolve())
}

func conflictColumns() []output.Column[admin.Conflict] {
	return []output.Column[admin.Conflict]{
		output.Of("id", func(c admin.Conflict) string { return c.ID }),
		output.Of("at", func(c admin.Conflict) string { return stamp(c.At) }),
		output.Of("record_id", func(c admin.Conflict) string { return c.RecordID }),
		output.Of("field", func(c admin.Conflict) string { return c.Field }),
		output.Of("catalog_value", func(c admin.Conflict) string { return c.CatalogValue }),
		output.Of("remote_value", func(c admin.Conflict) string { return c.RemoteValue }),
		output.Of("remote", func(c admin.Conflict) string { return c.Remote }),
		output.Of("policy", func(c admin.Conflict) string { return c.Policy }),
		output.State("winner", func(c admin.Conflict) string {
			if c.Winner == "" {
				return "open"
			}
			return c.Winner
		}),
		output.Of("resolved_by", func(c admin.Conflict) string { return c.ResolvedBy }),
	}
}

func (a *app) conflictsList() *cobra.Command {
	var f admin.ConflictFilter
	var customer string
	var every bool
	var limit int
	cmd := &cobra.Command{Use: "list", Short: "List conflicts that wait for a decision, or all, newest first", Args: none}
	cmd.Flags().StringVar(&customer, "customer", "", "only of this `customer`: id, cus_... or email address")
	cmd.Flags().BoolVar(&every, "all", false, "also those that are settled")
	cmd.Flags().IntVar(&limit, "limit", defaultLimit, "at most so many; 0 for all")
	cmd.RunE = a.do(func(cmd *cobra.Command, _ []string, p *output.Printer, s *connect.Services) error {
		f.Open = !every
		if customer != "" {
			id, err := client(s).ID(cmd.Context(), customer)
			if err != nil {
				return err
			}
			f.RecordID = id
		}
		list := output.NewList(p, "No conflicts.", conflictColumns()...)
		more, err := pages(limit, func(cursor string, limit int) (page[admin.Conflict], error) {
			f.Page = admin.Page{Cursor: cursor, Limit: limit}
			return s.Catalog().Conflicts(cmd.Context(), f)
		}, list.Add)
		return end(p, list, more, err)
	})
	return cmd
}

func (a *app) conflictsShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show one conflict: both values, who set them and when", Args: one,
		RunE: a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
			c, err := s.Catalog().Conflict(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			columns := append(conflictColumns(),
				output.Of("catalog_by", func(c admin.Conflict) string { return c.CatalogBy }),
				output.Of("catalog_at", func(c admin.Conflict) string { return stamp(c.CatalogAt) }),
				output.Of("remote_at", func(c admin.Conflict) string { return stamp(c.RemoteAt) }))
			return output.One(p, c, columns...)
		}),
	}
}

func (a *app) conflictsResolve() *cobra.Command {
	var take, value string
	cmd := &cobra.Command{
		Use: "resolve ID", Short: "Settle a conflict: both sides get one of the values, or another one", Args: one,
		Example: "  datasync conflicts resolve 0199c2a4-7d1c-7a3e-9f6e-2a5f0c9d8b71 --take catalog\n" +
			"  datasync conflicts resolve 0199c2a4-7d1c-7a3e-9f6e-2a5f0c9d8b71 --value 'Ada King'",
	}
	cmd.Flags().StringVar(&take, "take", "", "catalog, or the name of the remote: whose value is kept")
	cmd.Flags().StringVar(&value, "value", "", "another `value` for both sides; empty clears the field")
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		chosen := cmd.Flags().Changed("value")
		if (take != "") == chosen {
			return exit.New(exit.Usage, "it is not clear which value to keep", "say --take catalog, --take stripe, or --value with another one")
		}
		settle := func() (admin.Conflict, error) { return s.Catalog().ResolveConflict(cmd.Context(), args[0], value) }
		if !chosen {
			settle = func() (admin.Conflict, error) { return s.Catalog().TakeConflict(cmd.Context(), args[0], take) }
		}
		settled, err := settle()
		if err != nil {
			return err
		}
		return output.One(p, settled, conflictColumns()...)
	})
	return cmd
}
