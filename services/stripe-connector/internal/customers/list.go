package customers

import (
	"context"
	"errors"
	"time"

	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/record"
)

const (
	pageSize = 100             // the most that Stripe gives
	skew     = 5 * time.Minute // how far our clock may be ahead of Stripe's
)

// List implements connector.Remote. The cursor is the id of the last customer of the page before.
func (r *Remote) List(ctx context.Context, cursor string) (connector.Page, error) {
	params := &stripe.CustomerListParams{}
	if cursor != "" {
		params.StartingAfter = new(cursor)
	}
	return r.page(ctx, params)
}

// Find implements connector.Remote. It lists by email, which is current; Stripe's search lags behind by up to an hour.
func (r *Remote) Find(ctx context.Context, call connector.Call, fields record.Fields) (connector.Object, error) {
	from := call.CreatedAt.Add(-skew).Unix()
	cursor := ""
	for {
		params := &stripe.CustomerListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: from}}
		if email := fields["email"]; email != "" {
			params.Email = new(email)
		}
		if cursor != "" {
			params.StartingAfter = new(cursor)
		}
		page, err := r.page(ctx, params)
		if err != nil {
			return connector.Object{}, err
		}
		for _, object := range page.Objects {
			if object.LocalID == call.LocalID {
				return object, nil
			}
		}
		if cursor = page.Next; cursor == "" {
			return connector.Object{}, connector.ErrGone
		}
	}
}

func (r *Remote) page(ctx context.Context, params *stripe.CustomerListParams) (page connector.Page, err error) {
	params.Limit, params.Single = stripe.Int64(pageSize), true
	err = r.client.Read(ctx, func(ctx context.Context) error {
		params.Context = ctx
		list := r.client.Customers.List(params)
		for list.Next() {
			object, err := r.marks.read(list.Customer(), nil)
			if errors.Is(err, connector.ErrGone) {
				continue
			}
			if err != nil {
				return err
			}
			page.Objects = append(page.Objects, object)
			page.Next = object.ID
		}
		if list.Err() == nil && !list.Meta().HasMore {
			page.Next = ""
		}
		return list.Err()
	})
	if errors.Is(err, connector.ErrGone) { // a listing is there or it is not Stripe that answers
		err = &connector.Error{Class: connector.Transient, Reason: "Stripe does not list customers; tried again by itself", Err: errors.New("404")}
	}
	return page, err
}
