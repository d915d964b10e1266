package command

import (
	"fmt"
	"strings"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/connect"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/pkg/admin"
)

// secrets are keys that were made together, one at each of several services.
type secrets struct {
	Keys   []from[admin.Key] `json:"keys"`
	APIKey string            `json:"api_key"` // what to put into DATASYNC_API_KEY
}

// renew makes a secret at each service, and shows what came of it even if that ends half way: nothing can show it again.
func renew(p *output.Printer, services []connect.Service, keys []from[admin.Key],
	renewed func(connect.Service, admin.Key) (admin.Key, error),
) error {
	var made []from[admin.Key]
	var failed error
	for i, service := range services {
		key, err := renewed(service, keys[i].Item)
		if err != nil {
			failed = of1(service, len(services), err)
			break
		}
		made = append(made, from[admin.Key]{service.Name, key})
	}
	switch {
	case len(made) == 0:
		return failed
	case len(services) == 1:
		return showSecret(p, made[0])
	}
	if err := showSecrets(p, made); err != nil {
		return err
	}
	if failed != nil {
		return exit.Wrap(exit.Partial, failed, fmt.Sprintf("only %d of %d services have a new secret: %s", len(made), len(services), failed),
			"repeat the command with --service for the others")
	}
	return nil
}

// showSecret shows the only key that was made.
func showSecret(p *output.Printer, key from[admin.Key]) error {
	columns := append(keyColumns(), output.Of("secret", func(k admin.Key) string { return k.Secret }))
	if err := output.One(p, key, of(columns...)...); err != nil {
		return err
	}
	if key.Item.Secret != "" {
		p.Note("The secret cannot be shown again; store it now.")
	}
	return nil
}

func showSecrets(p *output.Printer, made []from[admin.Key]) error {
	var list connect.Keys
	columns := []output.Column[secrets]{output.Of("name", func(s secrets) string { return s.Keys[0].Item.Name })}
	for i, key := range made {
		list = append(list, connect.Key{Service: key.Service, Secret: key.Item.Secret})
		columns = append(columns, output.Of(key.Service, func(s secrets) string { return s.Keys[i].Item.ID }))
	}
	columns = append(columns,
		output.Of("scopes", func(s secrets) string { return strings.Join(s.Keys[0].Item.Scopes, " ") }),
		output.Of("expires", func(s secrets) string { return stamp(s.Keys[0].Item.ExpiresAt) }),
		output.Of("export", func(s secrets) string { return connect.EnvKey + "=" + s.APIKey }))
	if err := output.One(p, secrets{made, list.String()}, columns...); err != nil {
		return err
	}
	p.Note("The secrets cannot be shown again; store them now. %s takes them all as they stand there.", connect.EnvKey)
	return nil
}
