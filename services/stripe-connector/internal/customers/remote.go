// Package customers makes Stripe's customers a connector.Remote: how a record becomes a customer and back, and which
// calls that takes.
package customers

import (
	"context"

	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/stripeclient"
)

// Remote is the customers of one Stripe account. It is safe for concurrent use.
type Remote struct {
	client *stripeclient.Client
	marks  Marks
}

// NewRemote returns the customers that the client reaches; name is the connector's, which their marks begin with.
func NewRemote(client *stripeclient.Client, name string) *Remote {
	return &Remote{client: client, marks: Marks{Name: name}}
}

// Create implements connector.Remote.
func (r *Remote) Create(ctx context.Context, call connector.Call, fields record.Fields) (connector.Object, error) {
	params, err := r.marks.createParams(call, fields)
	if err != nil {
		return connector.Object{}, err
	}
	return r.write(ctx, params, func() (*stripe.Customer, error) { return r.client.Customers.New(params) })
}

// Update implements connector.Remote.
func (r *Remote) Update(ctx context.Context, call connector.Call, id string, patch record.Patch) (connector.Object, error) {
	params, err := r.marks.updateParams(call, patch)
	if err != nil {
		return connector.Object{}, err
	}
	return r.write(ctx, params, func() (*stripe.Customer, error) { return r.client.Customers.Update(id, params) })
}

// Delete implements connector.Remote.
func (r *Remote) Delete(ctx context.Context, call connector.Call, id string) error {
	params := &stripe.CustomerParams{}
	params.SetIdempotencyKey(call.Key)
	_, err := r.write(ctx, params, func() (*stripe.Customer, error) { return r.client.Customers.Del(id, params) })
	return orGone(err, nil)
}

// write makes a call and reads the customer that it is answered with.
func (r *Remote) write(ctx context.Context, params *stripe.CustomerParams, call func() (*stripe.Customer, error)) (object connector.Object, err error) {
	err = r.client.Write(ctx, func(ctx context.Context) (err error) {
		params.Context = ctx
		object, err = r.marks.read(call())
		return err
	})
	return object, orGone(err, connector.ErrGone)
}

// Get implements connector.Remote.
func (r *Remote) Get(ctx context.Context, id string) (object connector.Object, err error) {
	err = r.client.Read(ctx, func(ctx context.Context) (err error) {
		params := &stripe.CustomerParams{}
		params.Context = ctx
		object, err = r.marks.read(r.client.Customers.Get(id, params))
		return err
	})
	return object, orGone(err, connector.ErrGone)
}
