package pages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/session"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

// maxForm is far above what any form of ours sends.
const maxForm = 1 << 20

// actionTimeout is how long a service may take to accept what it is asked to do.
const actionTimeout = 30 * time.Second

// mistake is something that the person has to do differently.
type mistake string

func (m mistake) Error() string { return string(m) }

// act does an action once: a double click, and a form sent again, get the outcome of the first time.
func (s *Site) act(a action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, ok := s.begin(w, r)
		if !ok {
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			s.answer(r.Context(), w, c, outcome{}, mistake("The form could not be read."))
			return
		}
		if !c.session.Genuine(r.PostForm.Get("csrf")) {
			s.answer(r.Context(), w, c, outcome{}, mistake("This form is from another session. Load the page again."))
			return
		}
		if !c.may(a.role) {
			s.answer(r.Context(), w, c, outcome{}, errRole)
			return
		}
		what := r.URL.Path + "?" + r.PostForm.Encode()
		done, err := c.session.Once(r.Context(), what, r.PostForm.Get("once") != "", func(ctx context.Context) (any, error) {
			ctx, cancel := context.WithTimeout(ctx, actionTimeout)
			defer cancel()
			return a.do(ctx, c)
		})
		s.Fleet.Forget()
		o, _ := done.(outcome)
		s.answer(r.Context(), w, c, o, err)
	}
}

// answer says what came of an action: as a note for a script, else on the page that comes next.
func (s *Site) answer(ctx context.Context, w http.ResponseWriter, c *call, o outcome, err error) {
	said, status := session.Flash{Text: o.Say}, http.StatusOK
	if err != nil {
		said = session.Flash{Text: s.regret(ctx, c, err), Bad: true}
		status = http.StatusUnprocessableEntity
		if errors.Is(err, errRole) {
			status = http.StatusForbidden
		}
	}
	if o.Secret != "" && err == nil {
		w.Header().Set("Hx-Retarget", "#dialog")
		s.write(ctx, w, c, http.StatusOK, "secret", partFor(c), view{Frame: s.frame(ctx, c, page{template: "secret", title: "New secret", section: "Settings"}), Page: o})
		return
	}
	if c.Header.Get("Hx-Request") == "" {
		c.session.Say(said)
		http.Redirect(w, c.Request, s.next(c, o), http.StatusSeeOther) //nolint:gosec // to our own pages only
		return
	}
	if o.Go != "" && err == nil {
		c.session.Say(said)
		w.Header().Set("Hx-Redirect", o.Go)
		w.WriteHeader(http.StatusOK)
		return
	}
	if err == nil {
		w.Header().Set("Hx-Retarget", "#say")
	}
	s.write(ctx, w, c, status, "sorry", "say", said)
}

// partFor is all of a page, or for a script only what differs from page to page.
func partFor(c *call) string {
	if c.Header.Get("Hx-Request") != "" {
		return "content"
	}
	return "layout"
}

func (s *Site) regret(ctx context.Context, c *call, err error) string {
	var wrong mistake
	var refused *admin.RequestError
	switch {
	case errors.As(err, &wrong):
		return wrong.Error()
	case errors.Is(err, errRole):
		return fmt.Sprintf("Your role, %s, does not allow this. Nothing was done.", c.session.Role)
	case errors.Is(err, errNotFound):
		return s.noSuch(c)
	case errors.As(err, &refused):
		return upstream.Reason(err)
	}
	s.Log.WarnContext(ctx, "an action failed", slog.String("path", c.URL.Path), slog.Any("error", err))
	return "The service cannot be reached. It is not known whether it was done; look again in a moment."
}

// noSuch says what the address of an action names that is not there.
func (s *Site) noSuch(c *call) string {
	if name := c.PathValue("service"); name != "" {
		if _, ok := s.Fleet.Find(name); !ok {
			return fmt.Sprintf("There is no connector called %s. Nothing was done.", name)
		}
	}
	return "There is no such action. Nothing was done."
}

// next is where a browser without scripts goes after an action.
func (s *Site) next(c *call, o outcome) string {
	if o.Go != "" {
		return o.Go
	}
	if back := c.PostForm.Get("back"); strings.HasPrefix(back, "/dashboard") {
		return back
	}
	return "/dashboard"
}
