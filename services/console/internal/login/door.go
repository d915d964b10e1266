// Package login lets people in: by an API key of DataSync, by name and password, by an OpenID Connect provider, or by the
// link that a local start prints; and keeps everybody else out.
package login

import (
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/services/console/internal/openid"
	"github.com/datasync-dev/datasync/services/console/internal/session"
	"github.com/datasync-dev/datasync/services/console/internal/ui"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

// Door is what stands before the pages.
type Door struct {
	Sessions *session.Store
	Users    session.Users
	Link     *session.Link    // nil without one
	Provider *openid.Provider // nil without one
	Fleet    *upstream.Fleet
	UI       *ui.UI
	Log      *slog.Logger
	Secure   bool // the console is reached by https
	Open     bool // everybody is let in as admin; only on this machine

	throttle *session.Throttle
}

// cookieName is of the cookie that holds a session; browsers bind the __Host- one to https and this host.
func (d *Door) cookieName() string {
	if d.Secure {
		return "__Host-datasync"
	}
	return "datasync"
}

// Handler returns the pages behind the door, and the door itself at /login and /logout.
func (d *Door) Handler(pages http.Handler) http.Handler {
	d.throttle = session.NewThrottle()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", d.show)
	mux.HandleFunc("POST /login", d.enter)
	mux.HandleFunc("GET /login/link", d.byLink)
	if d.Provider != nil {
		mux.HandleFunc("GET /login/oidc", d.toProvider)
		mux.HandleFunc("GET "+CallbackPath, d.fromProvider)
	}
	mux.HandleFunc("POST /logout", d.leave)
	mux.Handle("/", d.guard(pages))
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(d.foreign))
	return origin.Handler(mux)
}

// guard lets a request with a session through, and sends others to log in and back to where they wanted to go.
func (d *Door) guard(pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if d.Open && !local(r.Host) {
			http.Error(w, "Open this page as localhost: nobody logs in here, so no other name is trusted.", http.StatusMisdirectedRequest)
			return
		}
		who, ok := d.session(w, r)
		if ok {
			pages.ServeHTTP(w, r.WithContext(session.With(r.Context(), who)))
			return
		}
		to := loginURL(w, r)
		switch {
		case strings.Contains(r.Header.Get("Accept"), "text/event-stream"):
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = w.Write([]byte("event: leave\ndata: " + to + "\n\n")) // a reader that went away is none of our business
		case r.Header.Get("Hx-Request") != "":
			w.Header().Set("Hx-Redirect", to)
		default:
			http.Redirect(w, r, to, http.StatusSeeOther)
		}
	})
}

// session finds who asks. Where everybody is let in, a session begins by itself.
func (d *Door) session(w http.ResponseWriter, r *http.Request) (*session.Session, bool) {
	if cookie, err := r.Cookie(d.cookieName()); err == nil {
		if who, ok := d.Sessions.Find(cookie.Value); ok {
			return who, true
		}
	}
	if d.Open {
		return d.begin(w, "anybody", session.Admin), true
	}
	return nil, false
}

func (d *Door) begin(w http.ResponseWriter, name string, role session.Role) *session.Session {
	value, who := d.Sessions.Begin(name, role)
	http.SetCookie(w, d.cookie(d.cookieName(), value, who.Expires))
	return who
}

func (d *Door) cookie(name, value string, expires time.Time) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // secure wherever the console is reached by https
		Name: name, Value: value, Path: "/", Expires: expires,
		HttpOnly: true, Secure: d.Secure, SameSite: http.SameSiteLaxMode,
	}
}

// from is the address that a request comes from.
func from(r *http.Request) string {
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		return host
	}
	return r.RemoteAddr
}

func local(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
