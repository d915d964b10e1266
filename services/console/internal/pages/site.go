// Package pages is what the console shows and does: one file for each page.
package pages

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/session"
	"github.com/datasync-dev/datasync/services/console/internal/ui"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

// Site is the console's pages. Requests must carry a session (see package login).
type Site struct {
	Fleet *upstream.Fleet
	UI    *ui.UI
	Log   *slog.Logger

	// Settings are what the console itself runs with, fit to be shown.
	Settings []admin.Setting

	// Stopping ends the streams of those who watch, so that the process can stop at once.
	Stopping <-chan struct{}
}

// call is a request for a page, or for something to be done.
type call struct {
	*http.Request
	session *session.Session
	path    string   // with its query, as the browser shows it
	watched bool     // somebody watches the page: it may ask for what takes longer
	gaps    []string // sentences about what could not be had
	damaged bool     // a service does not know a filter or a page that the address asks for
}

// page loads what a page shows. It tells of a service that is away by call.missing and shows the rest.
type page struct {
	template string
	title    string
	section  string // the entry of the navigation it belongs to
	role     session.Role
	load     func(ctx context.Context, c *call) (any, error)
}

// action does something; what it returns is said to the person.
type action struct {
	role session.Role
	do   func(ctx context.Context, c *call) (outcome, error)
}

// outcome is what was done, and where to look at it; "" stays.
type outcome struct {
	Say    string
	Go     string
	Secret string // shown once, and never again
}

// Handler returns the routes of all pages.
func (s *Site) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, p := range s.pages() {
		mux.HandleFunc("GET "+pattern, s.show(p))
	}
	for pattern, a := range s.actions() {
		mux.HandleFunc("POST "+pattern, s.act(a))
	}
	mux.HandleFunc("GET /dashboard/search", s.search)
	for from, to := range map[string]string{
		"/{$}": "/dashboard", "/dashboard/{$}": "/dashboard",
		// Where people who come from Flower look.
		"/workers": "/dashboard/workers", "/tasks": "/dashboard/changes", "/broker": "/dashboard/queues",
	} {
		mux.Handle("GET "+from, http.RedirectHandler(to, http.StatusFound))
	}
	mux.HandleFunc("GET /", s.lost)
	return mux
}

func (s *Site) pages() map[string]page {
	return map[string]page{
		"/dashboard":                                           {template: "overview", title: "Overview", load: s.overview},
		"/dashboard/customers":                                 {template: "customers", title: "Customers", load: s.customers},
		"/dashboard/customers/{id}":                            {template: "customer", title: "Customers", load: s.customer},
		"/dashboard/customers/{id}/{service}/link":             {template: "bind", title: "Customers", role: session.Operator, load: s.bindForm},
		"/dashboard/customers/{id}/{service}/unlink":           {template: "bind", title: "Customers", role: session.Operator, load: s.bindForm},
		"/dashboard/failures":                                  {template: "failures", title: "Failures", load: s.failuresPage},
		"/dashboard/failures/{service}/{fingerprint}":          {template: "group", title: "Failures", load: s.group},
		"/dashboard/failures/{service}/{fingerprint}/retry":    {template: "retry", title: "Failures", role: session.Operator, load: s.retryForm},
		"/dashboard/failures/{service}/{fingerprint}/discard":  {template: "leave", title: "Failures", role: session.Operator, load: s.leaveGroupForm},
		"/dashboard/customers/{id}/{service}/discard":          {template: "leave", title: "Customers", role: session.Operator, load: s.leaveForm},
		"/dashboard/changes":                                   {template: "changes", title: "Changes", load: s.changes},
		"/dashboard/conflicts":                                 {template: "conflicts", title: "Conflicts", load: s.conflicts},
		"/dashboard/drift":                                     {template: "drift", title: "Drift", load: s.drift},
		"/dashboard/drift/run":                                 {template: "compare", title: "Drift", role: session.Operator, load: s.compareForm},
		"/dashboard/drift/{service}/{id}":                      {template: "run", title: "Drift", load: s.driftRun},
		"/dashboard/drift/{service}/{id}/apply":                {template: "compare", title: "Drift", role: session.Operator, load: s.compareForm},
		"/dashboard/queues":                                    {template: "queues", title: "Queues", load: s.queues},
		"/dashboard/queues/{service}/replay":                   {template: "replay", title: "Queues", role: session.Operator, load: s.replayForm},
		"/dashboard/queues/{service}/letters/{id}":             {template: "letter", title: "Queues", load: s.letter},
		"/dashboard/queues/{service}/letters/{id}/discard":     {template: "discard", title: "Queues", role: session.Operator, load: s.letter},
		"/dashboard/jobs":                                      {template: "jobs", title: "Jobs", load: s.jobs},
		"/dashboard/jobs/{service}/{id}":                       {template: "job", title: "Jobs", load: s.job},
		"/dashboard/audit":                                     {template: "audit", title: "Audit", load: s.audit},
		"/dashboard/settings":                                  {template: "settings", title: "Settings", role: session.Admin, load: s.settings},
		"/dashboard/settings/{service}/keys":                   {template: "key", title: "Settings", role: session.Admin, load: s.keyForm},
		"/dashboard/settings/{service}/keys/{id}/{do}":         {template: "key", title: "Settings", role: session.Admin, load: s.keyForm},
		"/dashboard/workers":                                   {template: "workers", title: "Workers", load: s.workers},
		"/dashboard/services/{service}/flow/{direction}/pause": {template: "pause", title: "Overview", role: session.Operator, load: s.pauseForm},
	}
}

func (s *Site) actions() map[string]action {
	return map[string]action{
		"/dashboard/customers/{id}/{service}/{action}":          operator(s.touch),
		"/dashboard/customers/{id}/{service}/unlink":            operator(s.unlink),
		"/dashboard/customers/{id}/{service}/link":              operator(s.linkTo),
		"/dashboard/failures/{service}/{fingerprint}/retry":     operator(s.retry),
		"/dashboard/failures/{service}/{fingerprint}/discard":   operator(s.leaveGroup),
		"/dashboard/customers/{id}/{service}/discard":           operator(s.leave),
		"/dashboard/conflicts/{id}":                             operator(s.resolve),
		"/dashboard/drift/run":                                  operator(s.compareAll),
		"/dashboard/queues/{service}/replay":                    operator(s.replay),
		"/dashboard/queues/{service}/letters/{id}/discard":      operator(s.discard),
		"/dashboard/jobs/{service}/{id}/cancel":                 operator(s.cancel),
		"/dashboard/settings/{service}/keys":                    admins(s.createKey),
		"/dashboard/settings/{service}/keys/{id}/{do}":          admins(s.changeKey),
		"/dashboard/services/{service}/scale":                   operator(s.scale),
		"/dashboard/services/{service}/control/{what}":          operator(s.drain),
		"/dashboard/services/{service}/flow/{direction}/{what}": operator(s.flow),
	}
}

// missing notes that a service did not answer as wanted.
func (c *call) missing(service *upstream.Service, err error) {
	var refused *admin.RequestError
	c.damaged = c.damaged || errors.As(err, &refused) && refused.Status == http.StatusBadRequest
	if sentence := service.Explain(err); !slices.Contains(c.gaps, sentence) {
		c.gaps = append(c.gaps, sentence)
	}
}

// silent lists services that did not answer, for sentences about what is not known without them; "" when all did.
func silent[T any](answers ...upstream.Answer[T]) string {
	var names []string
	for _, a := range answers {
		if a.Err != nil {
			names = append(names, a.Service.Title())
		}
	}
	return strings.Join(names, " and ")
}

// client returns a client that acts for the person of this call.
func (c *call) client(s *upstream.Service) upstreamClient { return s.As(c.session.User) }

// may reports whether the person has at least this role.
func (c *call) may(role session.Role) bool { return c.session.Role >= role }
