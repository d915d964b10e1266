package connect

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// refusals makes the answers of one service to a key that it does not take say who answered: the services themselves only say
// that the key is not known, which with a key for each of them is no help.
type refusals struct {
	next http.RoundTripper
	who  string // such as the catalog (http://localhost:8000)
}

// maxRefusal bounds what is read of such an answer.
const maxRefusal = 1 << 20

// RoundTrip implements http.RoundTripper.
func (f refusals) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := f.next.RoundTrip(r)
	if err != nil || response.StatusCode != http.StatusUnauthorized && response.StatusCode != http.StatusForbidden {
		return response, err
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxRefusal))
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	var problem admin.Problem
	if json.Unmarshal(raw, &problem) == nil && f.tell(&problem) {
		if raw, err = json.Marshal(problem); err != nil {
			return nil, fmt.Errorf("encode the answer: %w", err)
		}
		response.ContentLength = int64(len(raw))
		response.Header.Del("Content-Length")
	}
	response.Body = io.NopCloser(bytes.NewReader(raw))
	return response, nil
}

// tell puts who refused into the title, and reports whether it did.
func (f refusals) tell(p *admin.Problem) bool {
	switch p.Code {
	case "missing_api_key":
		p.Title = f.who + " wants an API key"
	case "invalid_api_key":
		p.Title = f.who + " does not know the API key"
	case "expired_api_key":
		p.Title = "the API key for " + f.who + " has expired or was revoked"
	case "insufficient_scope":
		p.Title = "the API key may not do this at " + f.who
	default:
		return false
	}
	return true
}
