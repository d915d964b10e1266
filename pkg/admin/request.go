package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// Request is any request to a service.
type Request struct {
	Method string
	Path   string // such as /v1/customers
	Query  url.Values
	Header http.Header // such as Idempotency-Key, If-Match or Prefer
	Body   any         // sent as JSON, a json.RawMessage as it is; nil for none
}

// Send makes the request and returns the answer, whose body is the caller's to close. An answer other than 2xx is a
// *RequestError.
func (c *Client) Send(ctx context.Context, r Request) (*http.Response, error) {
	request, err := c.prepare(ctx, r)
	if err != nil {
		return nil, err
	}
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%s cannot be reached: %w", c.URL, err)
	}
	if response.StatusCode/100 == 2 {
		return response, nil
	}
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		err = fmt.Errorf("read the answer: %w", err)
	} else {
		err = refusal(response, raw)
	}
	return nil, errors.Join(err, response.Body.Close())
}

func (c *Client) prepare(ctx context.Context, r Request) (*http.Request, error) {
	var sent io.Reader = http.NoBody
	if r.Body != nil {
		encoded, err := json.Marshal(r.Body)
		if err != nil {
			return nil, fmt.Errorf("encode the request: %w", err)
		}
		sent = bytes.NewReader(encoded)
	}
	address := strings.TrimSuffix(c.URL, "/") + r.Path
	if len(r.Query) > 0 {
		address += "?" + r.Query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, address, sent)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.Method, r.Path, err)
	}
	if r.Body != nil {
		request.Header.Set("Content-Type", contentType(r.Method))
	}
	if c.Key != "" {
		request.Header.Set("Authorization", "Bearer "+c.Key)
	}
	request.Header.Set("Accept", "application/json")
	if c.Actor != "" {
		request.Header.Set(ActorHeader, c.Actor)
	}
	maps.Copy(request.Header, r.Header)
	return request, nil
}
