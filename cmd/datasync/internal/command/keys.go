package command

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/pkg/admin"
)

const keysHelp = `API keys let programs and people in. Each service has its own; only their hashes are stored, so a secret is shown
once, when it is made.`

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

// showSecret shows a key that was just made.
func showSecret(p *output.Printer, service string, key admin.Key) error {
	columns := append(keyColumns(), output.Of("secret", func(k admin.Key) string { return k.Secret }))
	if err := output.One(p, from[admin.Key]{service, key}, of(columns...)...); err != nil {
		return err
	}
	if key.Secret != "" {
		p.Note("The secret cannot be shown again; store it now.")
	}
	return nil
}

const ofCatalog = "`service` that the key is for: catalog, or the name of a connector"

func (a *app) keysCreate() *cobra.Command {
	var which scope
	var r admin.KeyRequest
	var lifetime time.Duration
	cmd := &cobra.Command{
		Use: "create", Short: "Make an API key and show its secret once", Args: none,
		Example: "  datasync keys create --name billing --scope customers:read,customers:write --expires-in 8760h",
	}
	cmd.Flags().StringVar(&which.service, "service", connect.Catalog, ofCatalog)
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
		services, err := s.Select(cmd.Context(), which.service)
		if err != nil {
			return err
		}
		key, err := services[0].CreateKey(cmd.Context(), r)
		if err != nil {
			return err
		}
		return showSecret(p, services[0].Name, key)
	})
	return cmd
}

// findKey finds the service that a key belongs to, by the key's id or name.
func findKey(cmd *cobra.Command, s *connect.Services, which scope, reference string) (connect.Service, admin.Key, error) {
	services, err := s.Select(cmd.Context(), which.service)
	if err != nil {
		return connect.Service{}, admin.Key{}, err
	}
	key, service, err := first(services, func(c connect.Service) (admin.Key, error) {
		keys, err := c.Keys(cmd.Context())
		if err != nil {
			return admin.Key{}, err
		}
		return pickKey(keys, reference)
	})
	return service, key, err
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
		Long:    "Make a new secret for a key; the old one works on for the overlap. KEY is its id or its name.",
		Example: "  datasync keys rotate billing --overlap 24h",
	}
	which.flag(cmd, allServices)
	cmd.Flags().DurationVar(&overlap, "overlap", defaultOverlap, "how long the old secret still works")
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		service, key, err := findKey(cmd, s, which, args[0])
		if err != nil {
			return err
		}
		key, err = service.RotateKey(cmd.Context(), key.ID, admin.RotateRequest{OverlapSeconds: int(overlap.Seconds())})
		if err != nil {
			return err
		}
		return showSecret(p, service.Name, key)
	})
	return cmd
}

const defaultOverlap = time.Hour

func (a *app) keysRevoke() *cobra.Command {
	var which scope
	var yes bool
	cmd := &cobra.Command{
		Use: "revoke KEY", Short: "End a key within seconds", Args: one,
		Long: "End a key within seconds. KEY is its id or its name. It cannot be taken back.",
	}
	which.flag(cmd, allServices)
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.RunE = a.do(func(cmd *cobra.Command, args []string, p *output.Printer, s *connect.Services) error {
		service, key, err := findKey(cmd, s, which, args[0])
		if err != nil {
			return err
		}
		if err := a.confirm(yes, "whoever uses the key %q (%s...) of %s is locked out within seconds.", key.Name, key.Prefix, service.Name); err != nil {
			return err
		}
		if err := service.RevokeKey(cmd.Context(), key.ID); err != nil {
			return err
		}
		p.Note("Revoked the key %q of %s.", key.Name, service.Name)
		return nil
	})
	return cmd
}
