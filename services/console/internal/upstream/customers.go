package upstream

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/record"
)

// Customer is a customer as the catalog's REST API shows it.
type Customer struct {
	ID               string            `json:"id"`
	Name             string            `json:"name"`
	Email            string            `json:"email"`
	Phone            string            `json:"phone"`
	Description      string            `json:"description"`
	Address          address           `json:"address"`
	Shipping         shipping          `json:"shipping"`
	Metadata         map[string]string `json:"metadata"`
	PreferredLocales []string          `json:"preferred_locales"`
	TaxExempt        string            `json:"tax_exempt"`
	Version          int64             `json:"version"`
	Deleted          bool              `json:"deleted"`
	CreatedAt        time.Time         `json:"created_at"`
	UpdatedAt        time.Time         `json:"updated_at"`
	UpdatedBy        string            `json:"updated_by"` // catalog, or a remote's name
	Sync             map[string]Sync   `json:"sync"`
}

// Sync is how a customer stands at one remote.
type Sync struct {
	State        string        `json:"state"`
	CustomerID   string        `json:"customer_id"`
	Version      int64         `json:"version"`
	LastSyncedAt time.Time     `json:"last_synced_at"`
	LastError    admin.Failure `json:"last_error"`
}

type address struct {
	Line1      string `json:"line1"`
	Line2      string `json:"line2"`
	City       string `json:"city"`
	State      string `json:"state"`
	PostalCode string `json:"postal_code"`
	Country    string `json:"country"`
}

type shipping struct {
	Name    string  `json:"name"`
	Phone   string  `json:"phone"`
	Address address `json:"address"`
}

// Fields returns the customer in the form in which sides are compared.
func (c Customer) Fields() record.Fields {
	return record.Customer{
		Name: c.Name, Email: c.Email, Phone: c.Phone, Description: c.Description,
		Address:  record.Address(c.Address),
		Shipping: record.Shipping{Name: c.Shipping.Name, Phone: c.Shipping.Phone, Address: record.Address(c.Shipping.Address)},
		Metadata: c.Metadata, PreferredLocales: c.PreferredLocales, TaxExempt: c.TaxExempt,
	}.Fields()
}

// CustomerFilter narrows a list of customers. Empty fields do not.
type CustomerFilter struct {
	IDs      []string
	Query    string // beginning of a name or an email address
	Email    string
	State    string
	RemoteID string
	Deleted  bool // tombstones too
	Cursor   string
	Limit    int
}

func (f CustomerFilter) values() url.Values {
	query := url.Values{}
	for name, value := range map[string]string{
		"ids": strings.Join(f.IDs, ","), "q": f.Query, "email": f.Email, "sync_state": f.State, "stripe_customer_id": f.RemoteID, "cursor": f.Cursor,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if f.Deleted {
		query.Set("include_deleted", "true")
	}
	query.Set("limit", strconv.Itoa(max(f.Limit, 1)))
	return query
}

// Customers returns a page of customers, newest first.
func (f *Fleet) Customers(ctx context.Context, filter CustomerFilter) (admin.List[Customer], error) {
	return f.CustomersWithin(ctx, filter, Fresh)
}

// CustomersWithin is Customers where an answer may be older.
func (f *Fleet) CustomersWithin(ctx context.Context, filter CustomerFilter, age time.Duration) (admin.List[Customer], error) {
	query := filter.values()
	return Read(ctx, f.Catalog, "customers?"+query.Encode(), age, func(ctx context.Context, c *admin.Client) (admin.List[Customer], error) {
		var list admin.List[Customer]
		err := c.Get(ctx, "/v1/customers", query, &list)
		return list, err
	})
}

// Customer returns one customer, a deleted one too.
func (f *Fleet) Customer(ctx context.Context, id string) (Customer, error) {
	return Read(ctx, f.Catalog, "customer "+id, Fresh, func(ctx context.Context, c *admin.Client) (Customer, error) {
		var customer Customer
		err := c.Get(ctx, "/v1/customers/"+url.PathEscape(id), url.Values{"include_deleted": {"true"}}, &customer)
		return customer, err
	})
}
