package command

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/customers"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
)

func (a *app) customersCreate() *cobra.Command {
	var w writing
	cmd := &cobra.Command{
		Use: "create", Short: "Create a customer", Args: none,
		Example: "  datasync customers create --name 'Ada Lovelace' --email ada@example.com --wait 5s\n" +
			"  datasync customers create --data @ada.json --set metadata.plan=gold",
	}
	w.content(cmd)
	w.manner(cmd, false)
	cmd.RunE = a.do(func(cmd *cobra.Command, _ []string, p *output.Printer, s *connect.Services) error {
		body, err := w.body(cmd, a.env.In)
		if err != nil {
			return err
		}
		c, err := w.patient(s).Create(cmd.Context(), body, w.options())
		if err != nil {
			return err
		}
		return w.written(cmd.Context(), p, s, c)
	})
	return cmd
}

func (a *app) customersUpdate() *cobra.Command {
	var w writing
	cmd := &cobra.Command{
		Use: "update CUSTOMER", Short: "Change some fields of a customer", Args: one,
		Long: "Change some fields of a customer; the others stay. CUSTOMER is its id, its id at Stripe (cus_...) or its email address.",
		Example: "  datasync customers update ada@example.com --set address.city=London --clear phone\n" +
			"  datasync customers update cus_NffrFeUfNV2Hib --name 'Ada King' --if-version 3",
	}
	w.content(cmd)
	w.manner(cmd, true)
	cmd.Flags().StringSliceVar(&w.clear, "clear", nil, "`fields` to empty, with commas")
	cmd.Flags().BoolVar(&w.replace, "replace", false, "clear every field that is not given")
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		body, err := w.body(cmd, a.env.In)
		if err != nil {
			return err
		}
		if w.replace && len(w.clear) > 0 {
			return exit.New(exit.Usage, "--replace clears what is not given anyway", "leave --clear out")
		}
		return w.change(cmd, args[0], p, s, func(ctx context.Context, c customers.Client, id string) (customers.Customer, error) {
			return c.Update(ctx, id, body, w.replace, w.options())
		})
	})
	return cmd
}

// change does something to one customer and shows how it is then.
func (w *writing) change(cmd *cobra.Command, reference string, p *output.Printer, s *connect.Services,
	do func(ctx context.Context, c customers.Client, id string) (customers.Customer, error),
) error {
	c := w.patient(s)
	id, err := c.ID(cmd.Context(), reference)
	if err != nil {
		return err
	}
	changed, err := do(cmd.Context(), c, id)
	if err != nil {
		return err
	}
	return w.written(cmd.Context(), p, s, changed)
}

func (a *app) customersDelete() *cobra.Command {
	var w writing
	cmd := &cobra.Command{
		Use: "delete CUSTOMER", Short: "Delete a customer; it can be restored", Args: one,
		Example: "  datasync customers delete ada@example.com --if-version 3",
	}
	w.manner(cmd, true)
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		return w.change(cmd, args[0], p, s, func(ctx context.Context, c customers.Client, id string) (customers.Customer, error) {
			return c.Delete(ctx, id, w.options())
		})
	})
	return cmd
}

func (a *app) customersRestore() *cobra.Command {
	var w writing
	cmd := &cobra.Command{
		Use: "restore CUSTOMER", Short: "Bring a deleted customer back", Args: one,
		Long: "Bring a deleted customer back. The remotes get a new object for it.",
	}
	w.manner(cmd, true)
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		return w.change(cmd, args[0], p, s, func(ctx context.Context, c customers.Client, id string) (customers.Customer, error) {
			return c.Restore(ctx, id, w.options())
		})
	})
	return cmd
}

func (a *app) customersErase() *cobra.Command {
	var w writing
	var yes bool
	cmd := &cobra.Command{
		Use: "erase CUSTOMER", Short: "Remove a customer's personal data for good, also from the history", Args: one,
		Long: "Remove a customer's personal data for good, on both sides and from the history. What is left is a tombstone.",
	}
	w.manner(cmd, true)
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		if err := a.confirm(yes, "the personal data of %s is removed for good.", args[0]); err != nil {
			return err
		}
		return w.change(cmd, args[0], p, s, func(ctx context.Context, c customers.Client, id string) (customers.Customer, error) {
			return c.Erase(ctx, id, w.options())
		})
	})
	return cmd
}
