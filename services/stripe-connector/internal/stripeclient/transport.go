package stripeclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/ratelimit"
)

// exchange is what is known of a call's answer, whatever the library makes of it.
type exchange struct {
	status int // 0: no answer
	header http.Header
}

type exchangeKey struct{}

// transport holds every call back until the limits allow it, and notes its answer.
type transport struct {
	base    http.RoundTripper
	limiter *ratelimit.Limiter
	log     *slog.Logger
	metrics *metrics
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	ctx, endpoint := request.Context(), Endpoint(request.Method, request.URL.Path)
	wait := t.limiter.Wait
	if connector.IsBulk(ctx) {
		wait = t.limiter.WaitBulk
	}
	if err := wait(ctx, endpoint); err != nil {
		if request.Body != nil {
			_ = request.Body.Close() // as the interface demands
		}
		if long, ok := errors.AsType[*ratelimit.TooLong](err); ok {
			t.metrics.held.WithLabelValues(endpoint).Inc()
			return nil, &connector.Error{Class: connector.Throttled, After: long.After, Reason: "waits for its turn under Stripe's rate limit"}
		}
		return nil, err
	}
	started := time.Now()
	response, err := t.base.RoundTrip(request)
	t.note(ctx, endpoint, response, time.Since(started))
	if err != nil {
		return nil, err
	}
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		x.status, x.header = response.StatusCode, response.Header
	}
	switch {
	case response.StatusCode == http.StatusTooManyRequests:
		if err := t.limited(response, endpoint, started); err != nil {
			return nil, err
		}
	case response.StatusCode >= 300 && response.StatusCode < 400:
		_ = response.Body.Close()
		return nil, &connector.Error{Class: connector.Operator, Status: response.StatusCode, Reason: notStripe}
	}
	return response, nil
}

// limited teaches the limiter what a 429 says. A lock timeout is none of its business: it is about one object.
func (t *transport) limited(response *http.Response, endpoint string, started time.Time) error {
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	_ = response.Body.Close()
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	var answer struct {
		Error struct {
			Code stripe.ErrorCode `json:"code"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &answer) == nil && answer.Error.Code == stripe.ErrorCodeLockTimeout {
		return nil
	}
	scope := scopeOf(response.Header.Get("Stripe-Rate-Limited-Reason"))
	t.limiter.Hit(endpoint, scope, started, retryAfter(response.Header))
	return nil
}

// scopeOf reads a header that is not documented: a hint.
func scopeOf(reason string) ratelimit.Scope {
	switch {
	case strings.HasPrefix(reason, "global"):
		return ratelimit.Account
	case strings.HasPrefix(reason, "endpoint"):
		return ratelimit.Endpoint
	case strings.HasPrefix(reason, "resource"):
		return ratelimit.Neither
	}
	return ratelimit.Unknown
}

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds > 0 {
		return min(time.Duration(seconds*float64(time.Second)), time.Hour)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(0, time.Until(at)), time.Hour)
	}
	return 0
}

// note measures and logs a call, without what it was about.
func (t *transport) note(ctx context.Context, endpoint string, response *http.Response, took time.Duration) {
	status, requestID := 0, ""
	if response != nil {
		status, requestID = response.StatusCode, response.Header.Get("Request-Id")
	}
	connector.NoteAnswer(ctx, status, requestID)
	t.metrics.requests.WithLabelValues(endpoint, strconv.Itoa(status)).Observe(took.Seconds())
	t.log.DebugContext(ctx, "called stripe", slog.String("endpoint", endpoint), slog.Int("status", status),
		slog.Duration("took", took.Round(time.Microsecond)), slog.String("request_id", requestID))
}

// Endpoint names what Stripe counts as one endpoint: "POST /v1/customers/:id" for all customers.
func Endpoint(method, path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for i := 2; i < len(parts); i += 2 { // v1/<kind>/<id>/<kind>/<id>...
		if parts[i] != "search" {
			parts[i] = ":id"
		}
	}
	return method + " /" + strings.Join(parts, "/")
}
