package service

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// checkTimeout is how long one check may take before it counts as failed.
const checkTimeout = 3 * time.Second

// Health answers /livez and /readyz. Add all checks before serving.
type Health struct {
	checks []check
}

type check struct {
	name     string
	critical bool
	probe    func(ctx context.Context) error
}

// NewHealth has no checks yet: it is ready.
func NewHealth() *Health { return &Health{} }

// Check adds a check. While a critical one fails the service is not ready; another one only shows in /readyz?verbose.
// The check must be safe for concurrent use and its error fit for an operator to read.
func (h *Health) Check(name string, critical bool, f func(ctx context.Context) error) {
	h.checks = append(h.checks, check{name, critical, f})
}

// Livez answers 200 as long as the process serves requests at all.
func (h *Health) Livez(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, report{Status: "ok"})
}

// report is the body of both endpoints.
type report struct {
	Status string   `json:"status"` // ok or unavailable
	Checks []Result `json:"checks,omitempty"`
}

// Result is the outcome of one check.
type Result struct {
	Name     string `json:"name"`
	Status   string `json:"status"` // ok or failed
	Critical bool   `json:"critical"`
	Error    string `json:"error,omitempty"`
}

// Readyz answers 200 when every critical check passes, else 503. With ?verbose it lists every check.
func (h *Health) Readyz(w http.ResponseWriter, r *http.Request) {
	results := h.Results(r.Context())
	body, status := report{Status: "ok"}, http.StatusOK
	for _, res := range results {
		if res.Critical && res.Error != "" {
			body.Status, status = "unavailable", http.StatusServiceUnavailable
		}
	}
	if r.URL.Query().Has("verbose") {
		body.Checks = results
	}
	answer(w, status, body)
}

// Results makes all checks at once.
func (h *Health) Results(ctx context.Context) []Result {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	results := make([]Result, len(h.checks))
	var all sync.WaitGroup
	for i, c := range h.checks {
		all.Go(func() {
			results[i] = Result{Name: c.name, Status: "ok", Critical: c.critical}
			if err := c.probe(ctx); err != nil {
				results[i].Status, results[i].Error = "failed", err.Error()
			}
		})
	}
	all.Wait()
	return results
}

func answer(w http.ResponseWriter, status int, body report) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the caller hung up; nobody is left to tell
}
