package pages

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/session"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

// Errors of loading a page that are the visitor's business.
var (
	errNotFound = errors.New("there is no such thing")
	errRole     = errors.New("this needs another role")
)

type upstreamClient = *admin.Client

// show serves a page, a part of it for a dialog, or the stream of what changes on it.
func (s *Site) show(p page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, ok := s.begin(w, r)
		if !ok {
			return
		}
		if !c.may(max(p.role, session.Viewer)) {
			s.fail(r.Context(), w, c, errRole)
			return
		}
		if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
			s.stream(r.Context(), w, c, p)
			return
		}
		v, err := s.load(r.Context(), c, p)
		if err != nil {
			s.fail(r.Context(), w, c, err)
			return
		}
		v.Frame.Flash = c.session.Said()
		s.write(r.Context(), w, c, http.StatusOK, p.template, partFor(c), v)
	}
}

// begin takes who asks from the context.
func (s *Site) begin(w http.ResponseWriter, r *http.Request) (*call, bool) {
	who, ok := session.From(r.Context())
	if !ok {
		http.Error(w, "Nobody is logged in.", http.StatusUnauthorized)
		return nil, false
	}
	return &call{Request: r, session: who, path: r.URL.RequestURI()}, true
}

func (s *Site) load(ctx context.Context, c *call, p page) (view, error) {
	content, err := p.load(ctx, c)
	if err != nil {
		return view{}, err
	}
	if c.damaged {
		return view{}, upstream.ErrCursor
	}
	if titled, ok := content.(interface{ Title() string }); ok {
		p.title, p.section = titled.Title(), p.title
	}
	return view{Frame: s.frame(ctx, c, p), Page: content}, nil
}

// apology is a page that could not be shown.
type apology struct{ Head, Text string }

// fail shows why there is no page, in the frame of one.
func (s *Site) fail(ctx context.Context, w http.ResponseWriter, c *call, err error) {
	// A service that is away is no failure of the console's: there is a page, and it says so.
	status, sorry := http.StatusOK, apology{"This page cannot be shown now.", upstream.Reason(err) + " Load the page again when that is mended."}
	switch {
	case errors.Is(err, context.Canceled):
		return // nobody is there to read it
	case errors.Is(err, errNotFound):
		status, sorry = http.StatusNotFound, apology{"There is no such page.", "It may have been deleted, or the address has a mistake in it."}
	case errors.Is(err, errRole):
		status, sorry = http.StatusForbidden, apology{"Your role does not allow this.", "You are logged in as " + c.session.Role.String() + ". Ask an admin."}
	case errors.Is(err, upstream.ErrCursor):
		status, sorry = http.StatusBadRequest, apology{"This link is damaged.", "It asks for a filter or a page that does not exist. Begin again from the list."}
	default:
		s.Log.ErrorContext(ctx, "a page could not be shown", slog.String("path", c.URL.Path), slog.Any("error", err))
	}
	s.write(ctx, w, c, status, "sorry", partFor(c), view{Frame: s.frame(ctx, c, page{template: "sorry", title: "Sorry"}), Page: sorry})
}

func (s *Site) lost(w http.ResponseWriter, r *http.Request) {
	if c, ok := s.begin(w, r); ok {
		s.fail(r.Context(), w, c, errNotFound)
	}
}

func (s *Site) write(ctx context.Context, w http.ResponseWriter, c *call, status int, name, part string, data any) {
	html, err := s.UI.Render(name, part, data)
	if err != nil {
		s.Log.ErrorContext(ctx, "a page could not be rendered", slog.String("path", c.URL.Path), slog.Any("error", err))
		http.Error(w, "This page could not be shown; the console's log says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(html) // a reader that went away is none of our business
}
