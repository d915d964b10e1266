package dashboard

import (
	"net/http"
	"strings"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
)

const perPage = 20

type customersPage struct {
	frame
	Query     string
	Customers []*account.Customer
	Older     string // id to go on after; "" on the last page
	Live      int
	Created   int
	Events    []eventRow
}

func (d *Dashboard) customers(r *http.Request) (view, error) {
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	within := account.Range{Limit: perPage}
	if after := r.URL.Query().Get("after"); after != "" {
		within.After, _ = d.Side.CustomerPosition(after) // an unknown one shows the first page
	}
	found := d.Side.Customers(account.CustomerFilter{Match: finds(q)}, within)
	counts := d.Side.Counts()
	p := customersPage{
		frame: d.frame(r, "customers", "Customers"), Query: q, Customers: found.Data, Live: counts.Live, Created: counts.Created,
		Events: d.eventRows(account.EventFilter{}, account.Range{Limit: 8}),
	}
	if found.HasMore {
		p.Older = found.Data[len(found.Data)-1].ID
	}
	return view{template: "customers.html", data: p}, nil
}

// finds matches a part of email, name or id, whatever the case.
func finds(q string) func(*account.Customer) bool {
	q = strings.ToLower(q)
	return func(c *account.Customer) bool {
		for _, text := range []string{string(c.Email), string(c.Name), c.ID} {
			if strings.Contains(strings.ToLower(text), q) {
				return true
			}
		}
		return false
	}
}

func (d *Dashboard) deleteCustomer(r *http.Request) (view, error) {
	id := r.PathValue("id")
	_, err := d.Side.DeleteCustomer(id, account.Origin{})
	return view{redirect: "/customers/" + id + "?done=deleted"}, err
}

func (d *Dashboard) subscribe(r *http.Request) (view, error) {
	id := r.PathValue("id")
	_, err := d.Side.AddSubscription(id, "active")
	return view{redirect: "/customers/" + id + "?done=subscribed"}, err
}
