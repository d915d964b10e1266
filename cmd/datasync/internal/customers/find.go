package customers

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
)

// Find returns the one customer that a person means: by its id, by its id at Stripe (cus_...), or by its email address.
func (c Client) Find(ctx context.Context, reference string) (Customer, error) {
	query := url.Values{"limit": {"3"}}
	switch {
	case uuid.Validate(reference) == nil:
		return c.Get(ctx, reference)
	case strings.HasPrefix(reference, "cus_"):
		query.Set("stripe_customer_id", reference)
		query.Set("include_deleted", "true")
	case strings.Contains(reference, "@"):
		query.Set("email", reference)
	default:
		return Customer{}, exit.New(exit.Usage, fmt.Sprintf("%q names no customer", reference),
			"give its id, its id at Stripe (cus_...) or its email address; datasync customers list finds it by its name")
	}
	page, err := c.List(ctx, query)
	switch {
	case err != nil:
		return Customer{}, err
	case len(page.Data) == 0:
		return Customer{}, exit.New(exit.NotFound, "there is no customer "+reference, "look for it with datasync customers list")
	case len(page.Data) > 1:
		return Customer{}, exit.New(exit.Failed, fmt.Sprintf("%s is the address of more than one customer", reference),
			"give the id of the one you mean; datasync customers list --email shows them")
	}
	return page.Data[0], nil
}

// ID is Find for those who need nothing but the id.
func (c Client) ID(ctx context.Context, reference string) (string, error) {
	if uuid.Validate(reference) == nil {
		return reference, nil
	}
	found, err := c.Find(ctx, reference)
	return found.ID, err
}
