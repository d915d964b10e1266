package pages

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/session"
	"github.com/datasync-dev/datasync/services/console/internal/ui"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

type settingsPage struct {
	Services []settingsOf
	Console  settingsOf // has no keys: people log in with those of the catalog
}

type settingsOf struct {
	Service, Title string
	Version        string
	Settings       []admin.Setting
	Keys           []keyRow
}

type keyRow struct {
	admin.Key
	Badge  ui.Badge
	URL    string
	Active bool
}

func (s *Site) settings(ctx context.Context, c *call) (any, error) {
	p := settingsPage{Console: settingsOf{Title: "the console", Settings: s.Settings}}
	statuses := s.statuses(ctx, c)
	configs := upstream.ReadAll(ctx, s.Fleet.All(), "config", upstream.Fresh, func(ctx context.Context, a *admin.Client) ([]admin.Setting, error) { return a.Config(ctx) })
	keys := upstream.ReadAll(ctx, s.Fleet.All(), "keys", upstream.Fresh, func(ctx context.Context, a *admin.Client) ([]admin.Key, error) { return a.Keys(ctx) })
	for i, a := range configs {
		if a.Err != nil {
			c.missing(a.Service, a.Err)
		}
		if keys[i].Err != nil {
			c.missing(a.Service, keys[i].Err)
		}
		one := settingsOf{Service: a.Service.Name, Title: a.Service.Title(), Settings: a.Value, Version: statuses[i].Value.Version}
		for _, k := range keys[i].Value {
			one.Keys = append(one.Keys, newKeyRow(a.Service.Name, k))
		}
		p.Services = append(p.Services, one)
	}
	return p, nil
}

func newKeyRow(service string, k admin.Key) keyRow {
	row := keyRow{Key: k, Badge: ui.BadgeOf("active"), URL: "/dashboard/settings/" + service + "/keys/" + k.ID, Active: true}
	switch {
	case !k.RevokedAt.IsZero():
		row.Badge, row.Active = ui.BadgeOf("revoked"), false
	case !k.ExpiresAt.IsZero() && k.ExpiresAt.Before(time.Now()):
		row.Badge, row.Active = ui.BadgeOf("expired"), false
	}
	return row
}

// keyPage asks about one key, or about a new one.
type keyPage struct {
	Service string
	Key     admin.Key
	Do      string // create, rotate or revoke
	Scopes  []scope
}

type scope struct{ Name, Means string }

func scopes() []scope {
	return []scope{
		{"customers:read", "read customers"},
		{"customers:write", "write customers"},
		{"admin:read", "see this console, with no personal data but names"},
		{"admin:write", "act in this console"},
		{"admin", "everything, keys included"},
	}
}

func (s *Site) keyForm(ctx context.Context, c *call) (any, error) {
	service, ok := s.Fleet.Find(c.PathValue("service"))
	if !ok {
		return nil, errNotFound
	}
	p := keyPage{Service: service.Name, Do: "create", Scopes: scopes()}
	if id := c.PathValue("id"); id != "" {
		p.Do = c.PathValue("do")
		keys, err := c.client(service).Keys(ctx)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			if k.ID == id && (p.Do == "rotate" || p.Do == "revoke") {
				p.Key = k
				return p, nil
			}
		}
		return nil, errNotFound
	}
	return p, nil
}

// admins is an action that only admins may do.
func admins(do func(context.Context, *call) (outcome, error)) action {
	return action{session.Admin, do}
}

func (s *Site) createKey(ctx context.Context, c *call) (outcome, error) {
	service, ok := s.Fleet.Find(c.PathValue("service"))
	if !ok {
		return outcome{}, errNotFound
	}
	request := admin.KeyRequest{Name: strings.TrimSpace(c.PostForm.Get("name")), Scopes: c.PostForm["scope"]}
	if request.Name == "" || len(request.Scopes) == 0 {
		return outcome{}, mistake("A key needs a name and at least one scope.")
	}
	if text := c.PostForm.Get("days"); text != "" {
		days, err := strconv.Atoi(text)
		if err != nil || days < 1 {
			return outcome{}, mistake("The number of days has to be 1 or more, or empty for ever.")
		}
		request.ExpiresAt = time.Now().AddDate(0, 0, days)
	}
	key, err := c.client(service).CreateKey(ctx, request)
	if err != nil {
		return outcome{}, err
	}
	return outcome{Secret: key.Secret, Say: "The key " + key.Name + " is made."}, nil
}

func (s *Site) changeKey(ctx context.Context, c *call) (outcome, error) {
	service, ok := s.Fleet.Find(c.PathValue("service"))
	if !ok {
		return outcome{}, errNotFound
	}
	id := c.PathValue("id")
	switch c.PathValue("do") {
	case "revoke":
		if err := c.client(service).RevokeKey(ctx, id); err != nil {
			return outcome{}, err
		}
		return outcome{Say: "The key is revoked. It opens nothing any more, in a few seconds at the latest.", Go: "/dashboard/settings"}, nil
	case "rotate":
		hours, err := strconv.Atoi(c.PostForm.Get("hours"))
		if err != nil || hours < 0 || hours > 720 {
			return outcome{}, mistake("The old secret can work on for 0 to 720 hours.")
		}
		key, err := c.client(service).RotateKey(ctx, id, admin.RotateRequest{OverlapSeconds: hours * 3600})
		if err != nil {
			return outcome{}, err
		}
		return outcome{Secret: key.Secret, Say: "The key " + key.Name + " has a new secret."}, nil
	}
	return outcome{}, errNotFound
}
