package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxAnswer bounds what a client reads of an answer.
const maxAnswer = 32 << 20

// Client talks to one service. The zero HTTP uses http.DefaultClient. It is safe for concurrent use; every method blocks
// until the answer is there or ctx ends. What the service refuses is a *RequestError; any other error means that the
// service could not be reached or gave no proper answer.
type Client struct {
	URL  string // of the service, such as http://localhost:8001
	Key  string // an API key
	HTTP *http.Client

	Actor string // the person for whom the client acts, if it acts for another; see ActorHeader
}

// RequestError is an answer other than 2xx.
type RequestError struct {
	Problem
	RetryAfter time.Duration // 0 if the service did not say
}

// Error implements error.
func (e *RequestError) Error() string {
	text := e.Detail
	if text == "" {
		text = e.Title
	}
	for _, one := range e.Errors {
		text += "; " + strings.TrimPrefix(one.Where()+": ", ": ") + one.Detail
	}
	return fmt.Sprintf("%d %s: %s", e.Status, e.Code, text)
}

// Get reads path with a query into answer.
func (c *Client) Get(ctx context.Context, path string, query url.Values, answer any) error {
	response, err := c.Send(ctx, Request{Method: http.MethodGet, Path: path, Query: query})
	if err != nil {
		return err
	}
	return errors.Join(decode(response, answer), response.Body.Close())
}

// Do makes a request without headers of its own: body is sent as JSON unless nil, the answer is decoded unless nil.
func (c *Client) Do(ctx context.Context, method, path string, body, answer any) error {
	response, err := c.Send(ctx, Request{Method: method, Path: path, Body: body})
	if err != nil {
		return err
	}
	return errors.Join(decode(response, answer), response.Body.Close())
}

func contentType(method string) string {
	if method == http.MethodPatch {
		return "application/merge-patch+json"
	}
	return "application/json"
}

func decode(response *http.Response, answer any) error {
	raw, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if answer == nil || len(raw) == 0 {
		return nil
	}
	if err := json.Unmarshal(raw, answer); err != nil {
		return fmt.Errorf("read the answer of %s: %w", response.Request.URL.Path, err)
	}
	return nil
}

func refusal(response *http.Response, raw []byte) error {
	failure := &RequestError{}
	if json.Unmarshal(raw, &failure.Problem) != nil || failure.Title == "" && failure.Detail == "" {
		failure.Problem = Problem{Title: http.StatusText(response.StatusCode), Code: "unknown"}
	}
	failure.Status = response.StatusCode
	if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil {
		failure.RetryAfter = time.Duration(seconds) * time.Second
	}
	return failure
}
