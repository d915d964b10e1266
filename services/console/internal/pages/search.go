package pages

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

// traceID is a W3C trace id.
var traceID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// search sends people to what they look for: one box that understands an email address, a name, a local id, and ids of
// customers, events, requests and traces.
func (s *Site) search(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.begin(w, r); !ok {
		return
	}
	http.Redirect(w, r, s.find(r.Context(), strings.TrimSpace(r.URL.Query().Get("q"))), http.StatusSeeOther) //nolint:gosec // to our own pages only
}

func (s *Site) find(ctx context.Context, text string) string {
	switch {
	case text == "":
		return "/dashboard/customers"
	case traceID.MatchString(text), strings.HasPrefix(text, "evt_"), strings.HasPrefix(text, "req_"):
		return link("/dashboard/changes", "q", text)
	case strings.HasPrefix(text, "cus_"):
		return s.only(ctx, upstream.CustomerFilter{RemoteID: text, Deleted: true, Limit: 2}, link("/dashboard/changes", "q", text))
	case uuid.Validate(text) == nil:
		if _, err := s.Fleet.Customer(ctx, text); err != nil {
			return link("/dashboard/changes", "q", text)
		}
		return "/dashboard/customers/" + text
	case strings.Contains(text, "@"):
		return s.only(ctx, upstream.CustomerFilter{Email: text, Limit: 2}, link("/dashboard/customers", "q", text))
	}
	return s.only(ctx, upstream.CustomerFilter{Query: text, Limit: 2}, link("/dashboard/customers", "q", text))
}

// only is the page of the one customer that a filter finds, or else the list.
func (s *Site) only(ctx context.Context, filter upstream.CustomerFilter, otherwise string) string {
	list, err := s.Fleet.Customers(ctx, filter)
	if err != nil || len(list.Data) != 1 {
		return otherwise
	}
	return "/dashboard/customers/" + list.Data[0].ID
}
