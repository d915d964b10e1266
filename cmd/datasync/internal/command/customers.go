package command

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/customers"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
)

func (a *app) customers() *cobra.Command {
	return group("customers", "See, change, import and export customers",
		a.customersList(), a.customersGet(), a.customersCreate(), a.customersUpdate(), a.customersDelete(), a.customersRestore(), a.customersErase(),
		a.customersImport(), a.customersExport(), a.customersTimeline())
}

// client is the catalog as a place of customers.
func client(s *connect.Services) customers.Client {
	return customers.Client{Client: s.Catalog().Client}
}

func customerColumns() []output.Column[customers.Customer] {
	return []output.Column[customers.Customer]{
		output.Of("id", func(c customers.Customer) string { return c.ID }),
		output.State("sync", syncState),
		output.Of("stripe_id", func(c customers.Customer) string { return c.Sync["stripe"].CustomerID }),
		output.Of("version", func(c customers.Customer) string { return strconv.FormatInt(c.Version, 10) }),
		output.Of("updated", func(c customers.Customer) string { return stamp(c.UpdatedAt) }),
		output.Of("email", func(c customers.Customer) string { return c.Email }),
		output.Of("name", func(c customers.Customer) string { return c.Name }),
	}
}

// syncState is the worst state at any remote.
func syncState(c customers.Customer) string {
	worst := ""
	rank := map[string]int{"synced": 1, "deleted": 2, "detached": 2, "pending": 3, "retrying": 4, "discarded": 5, "conflict": 6, "failed": 7}
	for _, sync := range c.Sync {
		if rank[sync.State] > rank[worst] {
			worst = sync.State
		}
	}
	return worst
}

// unsettled reports whether some remote has yet to get the customer.
func unsettled(c customers.Customer) bool {
	for _, sync := range c.Sync {
		if sync.State == "pending" || sync.State == "retrying" {
			return true
		}
	}
	return false
}

// stamp writes a time for people and for programs alike.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// listing are the flags of a list of customers.
type listing struct {
	email, query, state, remote, stripeID                    string
	createdAfter, createdBefore, updatedAfter, updatedBefore string
	deleted                                                  bool
	limit                                                    int
}

func (l *listing) flags(cmd *cobra.Command, limit int) {
	f := cmd.Flags()
	f.StringVar(&l.email, "email", "", "exactly this `address`, in upper or lower case")
	f.StringVar(&l.query, "query", "", "`beginning` of the name or of the address")
	f.StringVar(&l.state, "sync-state", "", strings.Join(syncStates(), ", ")+"; or paused: that an operator stopped")
	f.StringVar(&l.remote, "remote", "", "`connector` that --sync-state is about (default: the catalog's first)")
	f.StringVar(&l.stripeID, "stripe-id", "", "the customer's `id` at Stripe")
	f.StringVar(&l.createdAfter, "created-after", "", "`time` such as 2026-01-31 or 2026-01-31T12:00:00Z, or an age such as 2h")
	f.StringVar(&l.createdBefore, "created-before", "", "`time`")
	f.StringVar(&l.updatedAfter, "updated-after", "", "`time`")
	f.StringVar(&l.updatedBefore, "updated-before", "", "`time`")
	f.BoolVar(&l.deleted, "deleted", false, "also deleted ones")
	f.IntVar(&l.limit, "limit", limit, "at most so many; 0 for all")
	oneOf(cmd, "sync-state", append(syncStates(), paused)...)
}

// syncStates are the states that the catalog knows.
func syncStates() []string {
	return []string{"pending", "synced", "conflict", "retrying", "failed", "discarded", "deleted", "detached"}
}

// paused is no state of the catalog's: only the connectors know which customers an operator stopped.
const paused = "paused"

func (l *listing) values(now time.Time) (url.Values, error) {
	query := url.Values{}
	if l.state != "" && l.state != paused && !slices.Contains(syncStates(), l.state) {
		return nil, exit.New(exit.Usage, fmt.Sprintf("--sync-state %q is not known", l.state), "the states are: "+strings.Join(append(syncStates(), paused), ", "))
	}
	for name, value := range map[string]string{
		"email": l.email, "q": l.query, "sync_state": l.state, "remote": l.remote, "stripe_customer_id": l.stripeID,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	for name, text := range map[string]string{
		"created_after": l.createdAfter, "created_before": l.createdBefore,
		"updated_after": l.updatedAfter, "updated_before": l.updatedBefore,
	} {
		at, err := moment(name, text, now)
		if err != nil {
			return nil, err
		}
		if !at.IsZero() {
			query.Set(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
	if l.deleted {
		query.Set("include_deleted", "true")
	}
	return query, nil
}

func (a *app) customersList() *cobra.Command {
	var l listing
	cmd := &cobra.Command{
		Use: "list", Short: "List customers, newest first", Args: none,
		Example: "  datasync customers list --sync-state failed\n  datasync customers list --query ada -o json",
	}
	l.flags(cmd, defaultLimit)
	cmd.RunE = a.do(func(cmd *cobra.Command, _ []string, p *output.Printer, s *connect.Services) error {
		query, err := l.values(time.Now())
		if err != nil {
			return err
		}
		list := output.NewList(p, "No customers.", customerColumns()...)
		if l.state == paused {
			return l.listPaused(cmd.Context(), p, s, query, list)
		}
		c := client(s)
		more, err := pages(l.limit, func(cursor string, limit int) (page[customers.Customer], error) {
			set(query, cursor, limit)
			return c.List(cmd.Context(), query)
		}, list.Add)
		return end(p, list, more, err)
	})
	return cmd
}

func (a *app) customersGet() *cobra.Command {
	return &cobra.Command{
		Use: "get CUSTOMER", Short: "Show one customer", Args: one,
		Long: "Show one customer, and whether an operator keeps a connector from it. CUSTOMER is its id, its id at Stripe (cus_...) or its\n" +
			"email address.",
		Example: "  datasync customers get ada@example.com\n  datasync customers get cus_NffrFeUfNV2Hib -o json",
		RunE: a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
			found, err := client(s).Find(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			held, err := holdsOf(cmd.Context(), s, found)
			if err != nil && unsettled(found) {
				p.Note("Whether an operator has paused it is not known: %s", exit.Explain(err))
			}
			return showHeld(p, found, held)
		}),
	}
}
