package endpoint

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/connector"
)

// look looks at the endpoint if it is this replica's turn: one call to Stripe in each interval, of all replicas.
func (k *Keeper) look(ctx context.Context) error {
	mine, err := k.claim(ctx, k.o.Interval)
	if err != nil || !mine {
		return err
	}
	seen, err := k.find(ctx)
	if released := k.release(ctx, seen, err != nil); err == nil {
		err = released
	}
	return err
}

// find is the endpoint as Stripe has it, with what is wrong with it.
func (k *Keeper) find(ctx context.Context) (admin.WebhookEndpoint, error) {
	all, err := k.list(ctx)
	if err != nil {
		return admin.WebhookEndpoint{}, err
	}
	made, err := k.made(ctx)
	if err != nil {
		return admin.WebhookEndpoint{}, err
	}
	found := k.choose(all, made, k.o.URL)
	switch {
	case found != nil:
		return shown(found, k.problem(found, k.o.URL)), nil
	case k.o.URL != "" || len(made) > 0:
		return admin.WebhookEndpoint{URL: k.o.URL, Problem: "Stripe has no webhook endpoint of this connector (any more); make it again"}, nil
	}
	return admin.WebhookEndpoint{}, nil // whoever delivers does it by means that cannot be seen from here
}

// choose finds the endpoint of this connector: one that was made by it and whose secret is known, else one that people
// made at the address, whose secret is configured.
func (k *Keeper) choose(all []*stripe.WebhookEndpoint, made map[string]bool, address string) *stripe.WebhookEndpoint {
	var theirs *stripe.WebhookEndpoint
	for _, e := range all { // the newest first
		switch {
		case k.ours(e) && made[e.ID]:
			return e
		case k.ours(e) || len(k.o.Secrets) == 0:
		case e.URL == address || address == "" && strings.HasSuffix(e.URL, Path):
			if theirs == nil || theirs.Status != statusEnabled {
				theirs = e
			}
		}
	}
	return theirs
}

// problem says what is wrong with an endpoint and what to do; "" when it is as it has to be.
func (k *Keeper) problem(e *stripe.WebhookEndpoint, address string) string {
	switch missing := k.missing(e); {
	case e.Status != statusEnabled:
		return "the webhook endpoint " + e.ID + " is disabled at Stripe: see there why its deliveries failed, then repair it"
	case address != "" && e.URL != address:
		return fmt.Sprintf("the webhook endpoint %s delivers to another address (%s): repair it", e.ID, e.URL)
	case len(missing) > 0:
		return fmt.Sprintf("the webhook endpoint %s does not get %s: repair it", e.ID, strings.Join(missing, ", "))
	case outdated(e):
		return fmt.Sprintf("the webhook endpoint %s has API version %s instead of %s; notifications are understood all the same, but repair it", e.ID, e.APIVersion, version)
	}
	return ""
}

// outdated reports whether an endpoint was made for another API version. One without a version follows the account's.
func outdated(e *stripe.WebhookEndpoint) bool { return e.APIVersion != "" && e.APIVersion != version }

// missing are the types that an endpoint lacks.
func (k *Keeper) missing(e *stripe.WebhookEndpoint) []string {
	if slices.Contains(e.EnabledEvents, "*") {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(k.o.Types), func(one string) bool { return slices.Contains(e.EnabledEvents, one) })
}

// list reads all endpoints of the account, at most 16, in one call.
func (k *Keeper) list(ctx context.Context) ([]*stripe.WebhookEndpoint, error) {
	var all []*stripe.WebhookEndpoint
	err := k.o.Client.Read(ctx, func(ctx context.Context) error {
		params := &stripe.WebhookEndpointListParams{}
		params.Context, params.Single, params.Limit = ctx, true, stripe.Int64(100)
		list := k.o.Client.Endpoints.List(params)
		for list.Next() {
			all = append(all, list.WebhookEndpoint())
		}
		return list.Err()
	})
	if err != nil {
		return nil, explained(err)
	}
	return all, nil
}

// explained adds what an operator has to know about keys that may not do this: customers are synced all the same.
func explained(err error) error {
	if failure, ok := err.(*connector.Error); ok && failure.Status == 403 { //nolint:errorlint // as the client makes it
		return fmt.Errorf("the API key may not manage webhook endpoints; give it the permission, or manage them by hand: %w", err)
	}
	return err
}

// Address is the complete address of an endpoint: a base such as https://sync.example.com gets the connector's path.
func Address(base string, livemode bool) (string, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.Fragment != "":
		return "", fmt.Errorf("%w: it must be a complete one such as https://sync.example.com", ErrURL)
	case livemode && u.Scheme != "https":
		return "", fmt.Errorf("%w: Stripe delivers to https:// only in live mode", ErrURL)
	case u.Path == "" || u.Path == "/":
		u.Path = Path
	}
	return u.String(), nil
}
