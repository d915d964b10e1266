package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/pkg/admin"
)

const keysHelp = `API keys let programs and people in. Each service has its own; only their hashes are stored, so a secret is shown
once, when it is made. ` + connect.EnvKey + ` holds one that all services know, or a list of one for each:
  export ` + connect.EnvKey + `=catalog=ds_...,stripe=ds_...

The keys of several connectors stand in the order of their addresses in ` + connect.EnvConnectors + `.`

func (a *app) keys() *cobra.Command {
	g := group("keys", "See, make, rotate and revoke API keys", a.keysList(), a.keysCreate(), a.keysRotate(), a.keysRevoke())
	g.Long = keysHelp
	return g
}

func keyColumns() []output.Column[admin.Key] {
	return []output.Column[admin.Key]{
		output.Of("id", func(k admin.Key) string { return k.ID }),
		output.Of("name", func(k admin.Key) string { return k.Name }),
		output.Of("prefix", func(k admin.Key) string { return k.Prefix }),
		output.Of("scopes", func(k admin.Key) string { return strings.Join(k.Scopes, " ") }),
		output.Of("created", func(k admin.Key) string { return stamp(k.CreatedAt) }),
		output.Of("used", func(k admin.Key) string { return stamp(k.UsedAt) }),
		output.Of("expires", func(k admin.Key) string { return stamp(k.ExpiresAt) }),
		output.Of("revoked", func(k admin.Key) string { return stamp(k.RevokedAt) }),
	}
}

func (a *app) keysList() *cobra.Command {
	var which scope
	cmd := &cobra.Command{Use: "list", Short: "List the API keys, without their secrets", Args: none}
	which.flag(cmd, allServices)
	cmd.RunE = a.do(func(cmd *cobra.Command, _ []string, p *output.Printer, s *connect.Services) error {
		services, err := s.Select(cmd.Context(), which.service)
		if err != nil {
			return err
		}
		list := output.NewList(p, "No keys.", of(keyColumns()...)...)
		return gather(cmd.Context(), services, 0, list, p, func(c connect.Service, _ string, _ int) (page[admin.Key], error) {
			return all(c.Keys(cmd.Context()))
		})
	})
	return cmd
}

const ofKey = "only at this `service`: catalog, or the name of a connector (default: everywhere)"

func (a *app) keysCreate() *cobra.Command {
	var which scope
	var r admin.KeyRequest
	var lifetime time.Duration
	cmd := &cobra.Command{
		Use: "create", Short: "Make an API key and show its secret once", Args: none,
		Long: "Make an API key and show its secret once. Without --service every service gets one of this name, and what to put into\n" +
			connect.EnvKey + " is shown: a list of them.",
		Example: "  datasync keys create --name viewer --scope admin:read\n" +
			"  datasync keys create --service catalog --name billing --scope customers:read,customers:write --expires-in 8760h",
	}
	which.flag(cmd, ofKey)
	cmd.Flags().StringVar(&r.Name, "name", "", "what to call it")
	cmd.Flags().StringSliceVar(&r.Scopes, "scope", nil, "what it may do: `scopes` such as customers:read, customers:write, admin:read, admin:write, admin")
	cmd.Flags().DurationVar(&lifetime, "expires-in", 0, "how long it works (default: until it is revoked)")
	oneOf(cmd, "scope", "customers:read", "customers:write", "admin:read", "admin:write", "admin")
	cmd.RunE = a.do(func(cmd *cobra.Command, _ []string, p *output.Printer, s *connect.Services) error {
		if r.Name == "" || len(r.Scopes) == 0 || lifetime < 0 {
			return exit.New(exit.Usage, "a key needs a name and what it may do", "say --name billing --scope customers:read")
		}
		if lifetime > 0 {
			r.ExpiresAt = time.Now().Add(lifetime).UTC()
		}
		services, _, err := keepers(cmd.Context(), s, which)
		if err != nil {
			return err
		}
		wanted := make([]from[admin.Key], len(services))
		for i, service := range services {
			wanted[i].Service = service.Name
		}
		return renew(p, services, wanted, func(service connect.Service, _ admin.Key) (admin.Key, error) {
			return service.CreateKey(cmd.Context(), r)
		})
	})
	return cmd
}

// keepers are the services whose keys a command is about, with the keys that each has now: what is done at all of them should not
// end half way, so that each has to let its keys be seen first.
func keepers(ctx context.Context, s *connect.Services, which scope) (services []connect.Service, keys [][]admin.Key, err error) {
	if which.service == "" {
		services, err = s.Whole(ctx)
	} else {
		services, err = s.Select(ctx, which.service)
	}
	for i := 0; err == nil && i < len(services); i++ {
		var has []admin.Key
		has, err = services[i].Keys(ctx)
		keys = append(keys, has)
	}
	if err != nil && which.service == "" {
		err = exit.Wrap(exit.CodeOf(err), err, "nothing was done, because not every service can be asked: "+exit.Explain(err).Error(),
			"with --service it is done at one alone")
	}
	return services, keys, err
}

// findKeys finds a key by its id, or by its name at each service that has one of that name.
func findKeys(ctx context.Context, s *connect.Services, which scope, reference string) (services []connect.Service, found []from[admin.Key], err error) {
	all, keys, err := keepers(ctx, s, which)
	if err != nil {
		return nil, nil, err
	}
	var missing error
	for i, service := range all {
		key, err := pickKey(keys[i], reference)
		switch {
		case exit.CodeOf(err) == exit.NotFound:
			missing = err
		case err != nil:
			return nil, nil, of1(service, len(all), err)
		default:
			services, found = append(services, service), append(found, from[admin.Key]{service.Name, key})
		}
	}
	if len(found) > 0 {
		missing = nil
	}
	return services, found, missing
}

// pickKey returns the key with this id, or the only one in use with this name.
func pickKey(keys []admin.Key, reference string) (found admin.Key, err error) {
	for _, key := range keys {
		switch {
		case key.ID == reference:
			return key, nil
		case key.Name != reference || !key.RevokedAt.IsZero():
		case found.ID != "":
			err = exit.New(exit.Usage, "several keys are called "+reference, "name the one you mean by its id, which datasync keys list shows")
		default:
			found = key
		}
	}
	if found.ID == "" {
		err = exit.New(exit.NotFound, "there is no key "+reference, "datasync keys list shows all")
	}
	return found, err
}

func (a *app) keysRotate() *cobra.Command {
	var which scope
	var overlap time.Duration
	cmd := &cobra.Command{
		Use: "rotate KEY", Short: "Make a new secret for a key; the old one works on for a while", Args: one,
		Long: "Make a new secret for a key; the old one works on for the overlap. KEY is its id, or its name: then at every service\n" +
			"that has a key of this name.",
		Example: "  datasync keys rotate billing --overlap 24h",
	}
	which.flag(cmd, ofKey)
	cmd.Flags().DurationVar(&overlap, "overlap", defaultOverlap, "how long the old secret still works")
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		services, found, err := findKeys(cmd.Context(), s, which, args[0])
		if err != nil {
			return err
		}
		return renew(p, services, found, func(service connect.Service, key admin.Key) (admin.Key, error) {
			return service.RotateKey(cmd.Context(), key.ID, admin.RotateRequest{OverlapSeconds: int(overlap.Seconds())})
		})
	})
	return cmd
}

const defaultOverlap = time.Hour

func (a *app) keysRevoke() *cobra.Command {
	var which scope
	var yes bool
	cmd := &cobra.Command{
		Use: "revoke KEY", Short: "End a key within seconds", Args: one,
		Long: "End a key within seconds. KEY is its id, or its name: then at every service that has a key of this name. It cannot be\n" +
			"taken back.",
	}
	which.flag(cmd, ofKey)
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		services, found, err := findKeys(cmd.Context(), s, which, args[0])
		if err != nil {
			return err
		}
		whose := make([]string, len(found))
		for i, key := range found {
			whose[i] = fmt.Sprintf("%q (%s...) of %s", key.Item.Name, key.Item.Prefix, key.Service)
		}
		if err := a.confirm(yes, "whoever uses the key %s is locked out within seconds.", strings.Join(whose, " or ")); err != nil {
			return err
		}
		var failures []error
		for i, service := range services {
			if err := service.RevokeKey(cmd.Context(), found[i].Item.ID); err != nil {
				failures = append(failures, of1(service, len(services), err))
				continue
			}
			p.Note("Revoked the key %q of %s.", found[i].Item.Name, service.Name)
		}
		return errors.Join(failures...)
	})
	return cmd
}
