package endpoint

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// Ensure makes sure that Stripe delivers what is needed to an address: it repairs the endpoint of this connector, adopts
// one that people made there if its secret is configured, or makes one. The secret of a new one is in the answer; this
// connector knows it from now on. Errors: ErrURL, ErrBusy, or those of a call to Stripe.
func (k *Keeper) Ensure(ctx context.Context, base string) (admin.WebhookEndpoint, error) {
	address, err := Address(base, k.o.Livemode)
	if err != nil {
		return admin.WebhookEndpoint{}, err
	}
	mine, err := k.claim(ctx, 0)
	if err != nil {
		return admin.WebhookEndpoint{}, err
	}
	if !mine {
		return admin.WebhookEndpoint{}, ErrBusy
	}
	result, err := k.ensure(ctx, address)
	return result, errors.Join(err, k.release(ctx, result, err != nil))
}

func (k *Keeper) ensure(ctx context.Context, address string) (admin.WebhookEndpoint, error) {
	all, err := k.list(ctx)
	if err != nil {
		return admin.WebhookEndpoint{}, err
	}
	made, err := k.made(ctx)
	if err != nil {
		return admin.WebhookEndpoint{}, err
	}
	found := k.choose(all, made, address)
	if found == nil || outdated(found) {
		return k.replace(ctx, all, found, address)
	}
	if k.problem(found, address) != "" {
		if found, err = k.repair(ctx, found, address); err != nil {
			return admin.WebhookEndpoint{}, err
		}
		k.o.Log.InfoContext(ctx, "webhook endpoint repaired", slog.String("id", found.ID))
	}
	return shown(found, k.problem(found, address)), nil
}

// repair sets what can be changed. Types that somebody added are kept.
func (k *Keeper) repair(ctx context.Context, e *stripe.WebhookEndpoint, address string) (*stripe.WebhookEndpoint, error) {
	params := &stripe.WebhookEndpointParams{
		URL: new(address), Disabled: new(false),
		EnabledEvents: stripe.StringSlice(append(slices.Clone(e.EnabledEvents), k.missing(e)...)),
	}
	var repaired *stripe.WebhookEndpoint
	err := k.o.Client.Write(ctx, func(ctx context.Context) (err error) {
		params.Context = ctx
		repaired, err = k.o.Client.Endpoints.Update(e.ID, params)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("repair the webhook endpoint %s: %w", e.ID, explained(err))
	}
	return repaired, nil
}

// replace makes a new endpoint and then removes those that it stands for: the one with the wrong version, which cannot be
// changed, and those of ours whose secret nobody knows, because the process that made them died before it had stored it.
// One that people made is only disabled. For a moment both deliver, which does no harm.
func (k *Keeper) replace(ctx context.Context, all []*stripe.WebhookEndpoint, old *stripe.WebhookEndpoint, address string) (admin.WebhookEndpoint, error) {
	fresh, err := k.create(ctx, address)
	if err != nil {
		return admin.WebhookEndpoint{}, err
	}
	if err := k.remember(ctx, fresh.ID, fresh.Secret); err != nil {
		return admin.WebhookEndpoint{}, err
	}
	k.o.Log.InfoContext(ctx, "webhook endpoint made", slog.String("id", fresh.ID), slog.String("url", address))
	for _, e := range all {
		var err error
		switch {
		case k.ours(e):
			err = k.remove(ctx, e.ID)
		case old != nil && e.ID == old.ID:
			err = k.disable(ctx, e.ID)
		}
		if err != nil {
			k.o.Log.WarnContext(ctx, "an endpoint that is not needed any more stays at Stripe", slog.String("id", e.ID), slog.Any("error", err))
		}
	}
	result := shown(fresh, k.problem(fresh, address))
	result.Secret = fresh.Secret
	return result, nil
}

func (k *Keeper) create(ctx context.Context, address string) (*stripe.WebhookEndpoint, error) {
	params := &stripe.WebhookEndpointParams{
		URL: new(address), APIVersion: new(version), EnabledEvents: stripe.StringSlice(k.o.Types),
		Description: new("DataSync connector " + k.o.Name),
	}
	params.AddMetadata(markKey, k.o.Name)
	var made *stripe.WebhookEndpoint
	err := k.o.Client.Write(ctx, func(ctx context.Context) (err error) {
		params.Context = ctx
		made, err = k.o.Client.Endpoints.New(params)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("make a webhook endpoint (an account has 16 at most): %w", explained(err))
	}
	return made, nil
}

func (k *Keeper) remove(ctx context.Context, id string) error {
	return k.o.Client.Write(ctx, func(ctx context.Context) error {
		params := &stripe.WebhookEndpointParams{}
		params.Context = ctx
		_, err := k.o.Client.Endpoints.Del(id, params)
		return err
	})
}

func (k *Keeper) disable(ctx context.Context, id string) error {
	return k.o.Client.Write(ctx, func(ctx context.Context) error {
		params := &stripe.WebhookEndpointParams{Disabled: new(true)}
		params.Context = ctx
		_, err := k.o.Client.Endpoints.Update(id, params)
		return err
	})
}
