package stripeapi

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/form"
)

const (
	maxBody  = 1 << 20
	formType = "application/x-www-form-urlencoded"
)

// parse reads the parameters of a request: the query, and the body of a POST.
func parse(r *http.Request) (*form.Value, error) {
	if r.Method != http.MethodPost {
		return form.Parse(r.URL.RawQuery)
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, apierror.Coded(http.StatusRequestEntityTooLarge, "", "", "The request body is too large: at most %d bytes are allowed.", maxBody)
	case err != nil:
		return nil, apierror.Invalid("", "Invalid request: the body could not be read.")
	case len(body) == 0:
		return form.Parse(r.URL.RawQuery)
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != formType {
		return nil, apierror.Invalid("", "Invalid request: the Content-Type %q is not supported. Send the parameters form-encoded, as %s.",
			r.Header.Get("Content-Type"), formType)
	}
	return form.Parse(r.URL.RawQuery, string(body))
}

func (s *Server) unknownURL(c *call) (execute, error) {
	return nil, apierror.Coded(http.StatusNotFound, "", "", "Unrecognized request URL (%s: %s). If you are trying to list objects, remove "+
		"the trailing slash. If you are trying to retrieve an object, make sure you passed a valid (non-empty) identifier in your code. "+
		"Please see https://stripe.com/docs or we can help at https://support.stripe.com/.", c.request.Method, c.request.URL.Path)
}
