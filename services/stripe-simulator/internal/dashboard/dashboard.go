// Package dashboard is a small page with what one would do by hand in Stripe's dashboard: look at customers, change them,
// see events and their delivery. It works without scripts.
package dashboard

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/knobs"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/traffic"
)

//go:embed web
var web embed.FS

// Dashboard serves the page for one mode of the account.
type Dashboard struct {
	Side    *account.Side
	Knobs   *knobs.Knobs
	Traffic *traffic.Log
	Log     *slog.Logger
}

// frame is what every page has.
type frame struct {
	Title    string
	Page     string
	Livemode bool
	Done     string
	Error    string
}

// page shows something, or says where to go next.
type page func(r *http.Request) (view, error)

// view is a template with its data, or a redirect.
type view struct {
	template string
	data     any
	redirect string
	status   int // 0: 200
}

// Handler returns the pages.
func (d *Dashboard) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, p := range map[string]page{
		"GET /{$}":                           d.customers,
		"GET /customers/new":                 d.newCustomer,
		"POST /customers/new":                d.createCustomer,
		"GET /customers/{id}":                d.customer,
		"POST /customers/{id}":               d.saveCustomer,
		"POST /customers/{id}/delete":        d.deleteCustomer,
		"POST /customers/{id}/subscriptions": d.subscribe,
		"GET /events":                        d.events,
		"GET /events/{id}":                   d.event,
		"POST /events/{id}/resend":           d.resend,
		"POST /endpoints/{id}/enable":        d.enable,
		"GET /knobs":                         d.knobs,
		"POST /knobs":                        d.turn,
		"POST /knobs/reset":                  d.resetKnobs,
	} {
		mux.HandleFunc(pattern, d.handle(p))
	}
	mux.HandleFunc("GET /style.css", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		http.ServeFileFS(w, r, web, "web/style.css")
	})
	return mux
}

func (d *Dashboard) handle(p page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		v, err := p(r)
		var known *apierror.Error
		switch {
		case errors.As(err, &known):
			http.Error(w, known.Message, known.Status)
		case err != nil:
			d.fail(w, r, err)
		case v.redirect != "":
			http.Redirect(w, r, v.redirect, http.StatusSeeOther)
		default:
			d.show(w, r, v)
		}
	}
}

func (d *Dashboard) fail(w http.ResponseWriter, r *http.Request, err error) {
	d.Log.ErrorContext(r.Context(), "a page could not be shown", slog.String("path", r.URL.Path), slog.Any("error", err))
	http.Error(w, "This page could not be shown; the simulator's log says why.", http.StatusInternalServerError)
}

func (d *Dashboard) show(w http.ResponseWriter, r *http.Request, v view) {
	t, err := template.New("").Funcs(template.FuncMap{"ago": ago}).ParseFS(web, "web/layout.html", "web/"+v.template)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	var body bytes.Buffer
	if err := t.ExecuteTemplate(&body, "layout", v.data); err != nil {
		d.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if v.status != 0 {
		w.WriteHeader(v.status)
	}
	_, _ = body.WriteTo(w) // a reader that went away is none of our business
}

func (d *Dashboard) frame(r *http.Request, name, title string) frame {
	return frame{Title: title, Page: name, Livemode: d.Side.Livemode(), Done: confirmation(r.URL.Query().Get("done"))}
}

// confirmation is what a redirect can ask to be said.
func confirmation(name string) string {
	switch name {
	case "created":
		return "The customer is created."
	case "saved":
		return "Saved. Stripe tells its webhook endpoints."
	case "deleted":
		return "The customer is deleted for ever."
	case "nothing":
		return "Nothing was changed."
	case "subscribed":
		return "The customer has one subscription more."
	case "sent":
		return "The event is sent again."
	case "enabled":
		return "The endpoint is enabled: it gets what happens from now on."
	case "turned":
		return "The knobs are turned."
	case "normal":
		return "All knobs are back to normal."
	}
	return ""
}

// ago says how long ago something was.
func ago(created int64) string {
	passed := time.Since(time.Unix(created, 0))
	switch {
	case passed < 5*time.Second:
		return "just now"
	case passed < 2*time.Minute:
		return fmt.Sprintf("%d s ago", int(passed.Seconds()))
	case passed < 2*time.Hour:
		return fmt.Sprintf("%d min ago", int(passed.Minutes()))
	case passed < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(passed.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(passed.Hours()/24))
}
