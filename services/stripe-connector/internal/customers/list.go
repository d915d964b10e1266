package customers

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/record"
)

const (
	pageSize = 100             // the most that Stripe gives
	skew     = 5 * time.Minute // how far our clock may be ahead of Stripe's
	// searchLag is after how long a customer can be searched for: an hour on Stripe's bad days.
	searchLag = time.Hour + skew
)

// List implements connector.Remote. The cursor is the id of the last customer of the page before.
func (r *Remote) List(ctx context.Context, cursor string) (connector.Page, error) {
	params := &stripe.CustomerListParams{}
	if cursor != "" {
		params.StartingAfter = new(cursor)
	}
	return r.page(ctx, params)
}

// Find implements connector.Remote. Stripe's search cannot tell what was made lately, and a list cannot be asked for a
// mark: so it lists by the email that the customer was made with, then, since that may have been edited, everything that
// was made lately, and searches for what is older.
func (r *Remote) Find(ctx context.Context, call connector.Call, fields record.Fields) (connector.Object, error) {
	from := call.CreatedAt.Add(-skew)
	if email := fields["email"]; email != "" {
		if object, err := r.findListed(ctx, call, from, email); !errors.Is(err, connector.ErrGone) {
			return object, err
		}
	}
	searchable := time.Now().Add(-searchLag)
	if from.After(searchable) {
		return r.findListed(ctx, call, from, "")
	}
	object, err := r.search(ctx, call)
	failure, failed := errors.AsType[*connector.Error](err)
	switch {
	case failed && failure.Status >= 400 && failure.Status < 500 && failure.Class == connector.Transient:
		return r.findListed(ctx, call, from, "") // not every account has the search
	case !errors.Is(err, connector.ErrGone):
		return object, err
	}
	return r.findListed(ctx, call, searchable, "")
}

// findListed looks through the customers made since a time, only those with an email unless that is "".
func (r *Remote) findListed(ctx context.Context, call connector.Call, since time.Time, email string) (connector.Object, error) {
	cursor := ""
	for {
		params := &stripe.CustomerListParams{CreatedRange: &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix()}}
		if email != "" {
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

// search asks Stripe's search for the mark; connector.ErrGone when it knows of no such customer.
func (r *Remote) search(ctx context.Context, call connector.Call) (found connector.Object, err error) {
	params := &stripe.CustomerSearchParams{}
	params.Query = fmt.Sprintf("metadata['%s']:'%s'", keyLocalID, r.marks.id(call.LocalID))
	params.Limit, params.Single = stripe.Int64(pageSize), true
	err = r.client.Read(ctx, func(ctx context.Context) error {
		params.Context = ctx
		list := r.client.Customers.Search(params)
		for list.Next() {
			object, err := r.marks.read(list.Customer(), nil)
			if err == nil && object.LocalID == call.LocalID {
				found = object
			}
		}
		return list.Err()
	})
	if err == nil && found.ID == "" {
		err = connector.ErrGone
	}
	return found, err
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
