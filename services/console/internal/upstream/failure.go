package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// Title is what people call a service.
func (s *Service) Title() string {
	if s.Catalog {
		return "the catalog"
	}
	return "the " + s.Name + " connector"
}

// Explain says in a sentence why a service did not answer as wanted, and what to do.
func (s *Service) Explain(err error) string {
	var refused *admin.RequestError
	switch {
	case errors.As(err, &refused) && refused.Status == http.StatusUnauthorized:
		return fmt.Sprintf("%s does not know the console's API key: set %s.", capital(s.Title()), s.keyVariable())
	case errors.As(err, &refused) && refused.Status == http.StatusForbidden:
		return fmt.Sprintf("%s refuses the console's API key: it needs the scope admin.", capital(s.Title()))
	case errors.As(err, &refused) && refused.Status == http.StatusNotFound && (refused.Code == "unknown" || refused.Code == "route_not_found"):
		return fmt.Sprintf("%s does not offer this: it is of another version, or does not have it.", capital(s.Title()))
	case errors.As(err, &refused) && refused.Status == http.StatusServiceUnavailable:
		return fmt.Sprintf("%s runs, but its database does not answer: see that PostgreSQL is up. Nothing that was accepted is lost.", capital(s.Title()))
	case errors.As(err, &refused):
		return fmt.Sprintf("%s answers: %s", capital(s.Title()), Reason(err))
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("%s does not answer in time: it or its database is busy or stuck, and its log says more.", capital(s.Title()))
	}
	return fmt.Sprintf("%s cannot be reached at %s: start it again, or correct %s. Nothing that was accepted is lost.", capital(s.Title()), s.URL, s.addressVariable())
}

func (s *Service) addressVariable() string {
	if s.Catalog {
		return "CATALOG_URL"
	}
	return "CONNECTORS"
}

func (s *Service) keyVariable() string {
	if s.Catalog {
		return "CATALOG_API_KEY"
	}
	return "CONNECTOR_API_KEY"
}

// Reason is what a service said about a request that it refused, or that it said nothing.
func Reason(err error) string {
	var refused *admin.RequestError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "The service does not answer in time."
	case !errors.As(err, &refused):
		return "The service cannot be reached."
	case refused.Status == http.StatusServiceUnavailable:
		return "The service runs, but its database does not answer."
	}
	sentences := []string{sentence(refused.Detail, refused.Title+".")}
	for _, one := range refused.Errors {
		sentences = append(sentences, sentence(one.Detail, ""))
	}
	return strings.Join(sentences, " ")
}

// NotFound reports whether the service says that there is no such thing.
func NotFound(err error) bool {
	var refused *admin.RequestError
	return errors.As(err, &refused) && (refused.Status == http.StatusNotFound || refused.Status == http.StatusGone) && refused.Code != "route_not_found"
}

func sentence(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	text = capital(text)
	if last := text[len(text)-1]; last != '.' && last != '!' && last != '?' {
		text += "."
	}
	return text
}

func capital(text string) string {
	if text == "" || text[0] < 'a' || text[0] > 'z' {
		return text
	}
	return string(text[0]-'a'+'A') + text[1:]
}
