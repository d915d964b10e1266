package login

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/datasync-dev/datasync/services/console/internal/openid"
)

// CallbackPath is where the provider sends people back to, below the console's own address.
const CallbackPath = "/login/oidc/callback"

// failures says what to tell whom the provider did not let in.
var failures = []struct { //nolint:gochecknoglobals // a table
	is     error
	status int
	say    string
}{
	{openid.ErrAway, http.StatusServiceUnavailable, "The provider does not answer as it should: try again in a while, or log in another way."},
	{openid.ErrLost, http.StatusBadRequest, "This log-in took too long, or was begun in another tab or browser: try again."},
	{openid.ErrDenied, http.StatusForbidden, "The provider denied access: nobody was logged in."},
	{openid.ErrRefused, http.StatusServiceUnavailable, "The provider does not accept how the console asks it: an administrator finds the reason in the console's log."},
	{openid.ErrUnproven, http.StatusForbidden, "What the provider said about you cannot be trusted: try again, and if that does not help, an administrator finds the reason in the console's log."},
	{openid.ErrUnverified, http.StatusForbidden, "Your e-mail address is not verified: have the provider verify it, then log in again."},
	{openid.ErrNoRole, http.StatusForbidden, "You have no role here: ask an administrator to map one of your groups, or you, to a role."},
}

// toProvider begins a log-in at the provider.
func (d *Door) toProvider(w http.ResponseWriter, r *http.Request) {
	back := next(r.URL.Query().Get("next"))
	if _, ok := d.session(w, r); ok {
		http.Redirect(w, r, back, http.StatusSeeOther) //nolint:gosec // next keeps to our own pages
		return
	}
	to, keep, err := d.Provider.Begin(r.Context(), back)
	if err != nil {
		d.notByProvider(w, r, err, back)
		return
	}
	http.SetCookie(w, d.cookie(d.pendingName(), keep, time.Now().Add(openid.Lifetime)))
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // the provider that the operator named
}

// fromProvider ends it. Failures do not slow anybody down: there is nothing to guess, and behind a proxy everybody would
// have to wait for who cannot log in.
func (d *Door) fromProvider(w http.ResponseWriter, r *http.Request) {
	keep := ""
	if cookie, err := r.Cookie(d.pendingName()); err == nil {
		keep = cookie.Value
	}
	http.SetCookie(w, d.cookie(d.pendingName(), "", time.Unix(1, 0))) // it was good for this once
	who, err := d.Provider.Finish(r.Context(), keep, r.URL.Query())
	if err != nil {
		d.notByProvider(w, r, err, next(who.Next))
		return
	}
	d.admit(w, r, who.Name, who.Role, next(who.Next))
}

// notByProvider shows the log-in again and says why it is still there.
func (d *Door) notByProvider(w http.ResponseWriter, r *http.Request, err error, to string) {
	d.Log.WarnContext(r.Context(), "a log-in by the provider failed", slog.String("from", from(r)), slog.Any("error", err))
	status, say := http.StatusInternalServerError, "The log-in failed: an administrator finds the reason in the console's log."
	for _, f := range failures {
		if errors.Is(err, f.is) {
			status, say = f.status, f.say
			break
		}
	}
	d.write(w, r, status, page{Next: to, Error: say})
}

// pendingName is of the cookie that keeps a log-in while somebody is at the provider.
func (d *Door) pendingName() string { return d.cookieName() + "-login" }
