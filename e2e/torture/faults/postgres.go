package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
)

func killPostgres(ctx context.Context, r *rig) error { return r.cluster.Servers.CrashPostgres(ctx) }

func startPostgres(ctx context.Context, r *rig) error { return r.cluster.Servers.StartPostgres(ctx) }

// refused: without a database nothing is accepted, and everybody is told to come again.
func refused(ctx context.Context, r *rig, t traffic) (string, error) {
	if t.answers[http.StatusOK] > 0 {
		return "", fmt.Errorf("a write was accepted without a database: %v", t.answers)
	}
	var problems []error
	for _, p := range r.cluster.Catalogs {
		problems = append(problems, askedToComeAgain(ctx, p, "/v1/customers", `{"name": "nobody"}`, "Authorization", "Bearer "+cluster.APIKey))
	}
	for _, p := range r.cluster.Connectors {
		body := `{"id": "evt_refused", "object": "event", "type": "customer.updated", "data": {"object": {"id": "cus_1", "object": "customer"}}}`
		problems = append(problems, askedToComeAgain(ctx, p, "/webhooks/stripe", body, "Stripe-Signature", sign(body)))
	}
	return "; REST and webhooks are answered 503 with Retry-After", errors.Join(problems...)
}

// askedToComeAgain: a POST is answered 503 with Retry-After.
func askedToComeAgain(ctx context.Context, p *cluster.Process, path, body, header, value string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL()+path, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask %s: %w", p.Name, err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set(header, value)
	status, headers, answer, err := exchange(request)
	if err != nil {
		return fmt.Errorf("ask %s: %w", p.Name, err)
	}
	if status != http.StatusServiceUnavailable || headers.Get("Retry-After") == "" {
		return fmt.Errorf("%s answered %d, Retry-After %q: %s", p.Name, status, headers.Get("Retry-After"), answer)
	}
	return nil
}

// sign is a signature of Stripe's.
func sign(body string) string {
	now := time.Now().Unix()
	mac := hmac.New(sha256.New, []byte(cluster.WebhookSecret))
	fmt.Fprintf(mac, "%d.%s", now, body)
	return fmt.Sprintf("t=%d,v1=%s", now, hex.EncodeToString(mac.Sum(nil)))
}

// verbose is what a service says of the parts that it needs; "" when it does not answer.
func (r *rig) verbose(ctx context.Context, p *cluster.Process) string {
	return r.ask(ctx, p, "/readyz?verbose")
}

func (r *rig) ask(ctx context.Context, p *cluster.Process, path string) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL()+path, http.NoBody)
	if err != nil {
		return ""
	}
	_, _, answer, err := exchange(request)
	if err != nil {
		return ""
	}
	return answer
}

func exchange(request *http.Request) (status int, headers http.Header, body string, err error) {
	request.Close = true // a connection of ours would count as one of the service's goroutines
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, "", err
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header, string(raw), err
}
