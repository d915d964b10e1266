package customers

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/pkg/connector"
)

// shown is up to how many subscriptions or invoices are counted.
const shown = 100

// Deletable implements connector.DeleteGuard: deleting a customer would cancel its subscriptions at once and leave its
// open invoices unpaid.
func (r *Remote) Deletable(ctx context.Context, id string) error {
	subscriptions, err := r.subscriptions(ctx, id)
	if err != nil {
		return orGone(err, connector.ErrGone)
	}
	invoices, err := r.openInvoices(ctx, id)
	if err != nil {
		return orGone(err, connector.ErrGone)
	}
	if subscriptions == 0 && invoices == 0 {
		return nil
	}
	var hanging []string
	if subscriptions > 0 {
		hanging = append(hanging, count(subscriptions, "active subscription"))
	}
	if invoices > 0 {
		hanging = append(hanging, count(invoices, "open invoice"))
	}
	return &connector.Error{
		Class: connector.Permanent,
		Reason: fmt.Sprintf("not deleted at Stripe: it has %s; settle that there and delete it, or change DELETE_POLICY",
			strings.Join(hanging, " and ")),
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// subscriptions counts those that are not over: what Stripe lists unless asked for more.
func (r *Remote) subscriptions(ctx context.Context, id string) (n int, err error) {
	params := &stripe.SubscriptionListParams{Customer: new(id)}
	params.Limit, params.Single = stripe.Int64(shown), true
	err = r.client.Read(ctx, func(ctx context.Context) error {
		params.Context = ctx
		list := r.client.Subscriptions.List(params)
		for list.Next() {
			if list.Subscription().Status != stripe.SubscriptionStatusIncompleteExpired {
				n++
			}
		}
		return list.Err()
	})
	return n, err
}

func (r *Remote) openInvoices(ctx context.Context, id string) (n int, err error) {
	params := &stripe.InvoiceListParams{Customer: new(id), Status: stripe.String(string(stripe.InvoiceStatusOpen))}
	params.Limit, params.Single = stripe.Int64(shown), true
	err = r.client.Read(ctx, func(ctx context.Context) error {
		params.Context = ctx
		list := r.client.Invoices.List(params)
		for list.Next() {
			n++
		}
		return list.Err()
	})
	return n, err
}

// orGone replaces an error that means that the customer does not exist by then.
func orGone(err, then error) error {
	if errors.Is(err, connector.ErrGone) {
		return then
	}
	return err
}
