package login

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/session"
)

const (
	maxForm    = 64 << 10
	askTimeout = 5 * time.Second
)

// page is what the log-in shows.
type page struct {
	Frame    frame
	Users    bool
	Provider string // its name; "" without one
	Next     string
	Name     string
	Error    string
	Undone   bool // something was asked for when the session had ended
}

type frame struct {
	Title, Theme string
}

func (d *Door) show(w http.ResponseWriter, r *http.Request) {
	if _, ok := d.session(w, r); ok {
		http.Redirect(w, r, next(r.URL.Query().Get("next")), http.StatusSeeOther) //nolint:gosec // next keeps to our own pages
		return
	}
	query := r.URL.Query()
	d.write(w, r, http.StatusOK, page{Next: next(query.Get("next")), Undone: query.Has(undone)})
}

func (d *Door) write(w http.ResponseWriter, r *http.Request, status int, p page) {
	p.Users = len(d.Users) > 0
	if d.Provider != nil {
		p.Provider = d.Provider.Name()
	}
	p.Frame = frame{"Log in", theme(r)}
	d.render(w, r, status, "door", p)
}

// theme is light, dark, or "" for what the system says.
func theme(r *http.Request) string {
	if theme, err := r.Cookie("theme"); err == nil && (theme.Value == "light" || theme.Value == "dark") {
		return theme.Value
	}
	return ""
}

func (d *Door) render(w http.ResponseWriter, r *http.Request, status int, part string, data any) {
	html, err := d.UI.Render("login", part, data)
	if err != nil {
		d.Log.ErrorContext(r.Context(), "the log-in could not be rendered", slog.Any("error", err))
		http.Error(w, "This page could not be shown; the console's log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(html) // a reader that went away is none of our business
}

// enter takes a name and a password, or an API key.
func (d *Door) enter(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	from := from(r)
	name, key := strings.TrimSpace(r.PostFormValue("name")), strings.TrimSpace(r.PostFormValue("key"))
	again := page{Next: next(r.PostFormValue("next")), Name: name}
	if wait := d.throttle.Wait(from); wait > 0 {
		again.Error = fmt.Sprintf("Too many tries. Wait %d seconds.", int(wait.Seconds())+1)
		w.Header().Set("Retry-After", fmt.Sprint(int(wait.Seconds())+1))
		d.write(w, r, http.StatusTooManyRequests, again)
		return
	}
	user, role, problem := d.check(r.Context(), name, r.PostFormValue("password"), key)
	if problem != "" {
		d.throttle.Failed(from)
		d.Log.WarnContext(r.Context(), "a log-in was refused", slog.String("from", from))
		again.Error = problem
		d.write(w, r, http.StatusUnauthorized, again)
		return
	}
	d.admit(w, r, user, role, again.Next)
}

// check returns who somebody is, or what to tell them.
func (d *Door) check(ctx context.Context, name, password, key string) (user string, role session.Role, problem string) {
	if key == "" {
		if u, ok := d.Users.Check(name, password); ok {
			return u.Name, u.Role, ""
		}
		return "", 0, "The name or the password is wrong."
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	me, err := d.Fleet.Catalog.WithKey(key).Me(ctx)
	var refused *admin.RequestError
	switch {
	case errors.As(err, &refused) && refused.Status == http.StatusUnauthorized:
		return "", 0, "The catalog does not know this key, or it has expired."
	case err != nil:
		return "", 0, "The catalog has to confirm the key, but " + lower(d.Fleet.Catalog.Explain(err))
	}
	role, ok := session.OfScopes(me.Scopes)
	if !ok {
		return "", 0, "This key opens nothing here: it needs the scope admin:read, admin:write or admin."
	}
	return me.Name, role, ""
}

func (d *Door) byLink(w http.ResponseWriter, r *http.Request) {
	if d.Link == nil {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	ok, err := d.Link.Use(r.URL.Query().Get("token"))
	if err != nil {
		d.Log.ErrorContext(r.Context(), "the next login link could not be written", slog.Any("error", err))
	}
	if !ok {
		d.write(w, r, http.StatusUnauthorized, page{Next: "/dashboard", Error: "This link was used already, or the console was started again. A fresh one lies in .run/console-login."})
		return
	}
	d.admit(w, r, "local", session.Admin, "/dashboard")
}

func (d *Door) admit(w http.ResponseWriter, r *http.Request, user string, role session.Role, to string) {
	d.begin(w, user, role)
	d.Log.InfoContext(r.Context(), "logged in", slog.String("user", user), slog.String("role", role.String()))
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (d *Door) leave(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(d.cookieName()); err == nil {
		d.Sessions.End(cookie.Value)
	}
	http.SetCookie(w, d.cookie(d.cookieName(), "", time.Unix(1, 0)))
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// undone marks the address of a log-in before which an action was asked for and not done.
const undone = "undone"

// loginURL is the log-in that comes back to what r asked for. A form is not sent again: its page is shown, and the log-in says
// that nothing was done.
func loginURL(w http.ResponseWriter, r *http.Request) string {
	to := r.URL.RequestURI()
	current, err := url.Parse(r.Header.Get("Hx-Current-Url"))
	switch {
	case r.Header.Get("Hx-Request") != "" && err == nil:
		to = current.RequestURI()
	case r.Method != http.MethodGet:
		to = pageOf(w, r)
	}
	query := url.Values{"next": {to}}
	if r.Method != http.MethodGet {
		query.Set(undone, "1")
	}
	return "/login?" + query.Encode()
}

// pageOf is the page on which a form was: as it says, or as the browser does.
func pageOf(w http.ResponseWriter, r *http.Request) string {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if back := r.PostFormValue("back"); strings.HasPrefix(back, "/dashboard") {
		return back
	}
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host {
		return "/dashboard"
	}
	return next(from.RequestURI())
}

// foreign answers what a browser says that another site sent. Nothing was done, whoever is logged in.
func (d *Door) foreign(w http.ResponseWriter, r *http.Request) {
	d.Log.WarnContext(r.Context(), "a request of another site was refused", slog.String("from", from(r)), slog.String("path", r.URL.Path))
	if r.Header.Get("Hx-Request") != "" {
		d.render(w, r, http.StatusForbidden, "say", session.Flash{Text: foreignText, Bad: true})
		return
	}
	d.render(w, r, http.StatusForbidden, "foreign", page{Frame: frame{"Refused", theme(r)}, Error: foreignText})
}

const foreignText = "Your browser says that this was sent by another site than the console, so nothing was done. " +
	"Open the console and do it there. If you were there, a proxy before the console changes the Host header: have it pass that on."

// next keeps redirects on this site.
func next(to string) string {
	if !strings.HasPrefix(to, "/dashboard") {
		return "/dashboard"
	}
	return to
}

func lower(sentence string) string { return strings.ToLower(sentence[:1]) + sentence[1:] }
