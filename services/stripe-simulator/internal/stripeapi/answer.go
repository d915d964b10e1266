package stripeapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
)

// answer is what a call is answered with.
type answer struct {
	status      int
	body        []byte
	code        string // of the error
	object      string // id of the customer that a replayed call was about
	original    string // id of the first request, when its outcome is replayed
	reason      string // which limit was hit
	retryAfter  int
	shouldRetry bool
	silent      bool   // the connection is closed without an answer
	fault       string // the knob that spoiled it
}

// failure turns an error into an answer: the only place where that happens.
func failure(err error) answer {
	var e *apierror.Error
	if !errors.As(err, &e) {
		e = apierror.Internal()
	}
	told := *e
	if told.Code != "" {
		told.DocURL = "https://stripe.com/docs/error-codes/" + dashes(told.Code)
	}
	body, err := json.Marshal(map[string]*apierror.Error{"error": &told})
	if err != nil {
		body = []byte(`{"error":{"message":"An unknown error occurred","type":"api_error"}}`)
	}
	return answer{status: told.Status, body: body, code: told.Code, shouldRetry: told.Code == "lock_timeout"}
}

func dashes(code string) string {
	return string(bytes.ReplaceAll([]byte(code), []byte("_"), []byte("-")))
}

func (a answer) write(w http.ResponseWriter, c *call) {
	if a.silent {
		panic(http.ErrAbortHandler) // the way to make net/http close the connection
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-cache, no-store")
	h.Set("Request-Id", c.origin.RequestID)
	h.Set("Stripe-Version", c.version)
	if c.key != "" {
		h.Set("Idempotency-Key", c.key)
		h.Set("Original-Request", c.origin.RequestID)
	}
	if a.original != "" {
		h.Set("Idempotent-Replayed", "true")
		h.Set("Original-Request", a.original)
	}
	if a.reason != "" {
		h.Set("Stripe-Rate-Limited-Reason", a.reason)
	}
	if a.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(a.retryAfter))
	}
	if a.shouldRetry {
		h.Set("Stripe-Should-Retry", "true")
	}
	if a.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Basic realm="Stripe"`)
	}
	h.Set("Content-Length", strconv.Itoa(len(a.body)+1))
	w.WriteHeader(a.status)
	// A caller that went away is none of our business.
	_, _ = w.Write(append(slices.Clip(a.body), '\n'))
}
