// Package drive does to a cluster what a plan says: it writes like people on both sides, and breaks things.
package drive

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/datasync-dev/datasync/pkg/record"
)

// Answer is a definitive answer.
type Answer struct {
	Status int
	Body   []byte
}

// rest is a client of a service that may be away at any time. It is safe for concurrent use.
type rest struct {
	client  *http.Client
	bases   []string // replicas; a request that got no answer goes to the next one
	headers map[string]string
	next    atomic.Uint64

	mu       sync.Mutex
	statuses map[int]int // how often each was answered; 0: no answer
}

func newREST(headers map[string]string, timeout time.Duration, bases ...string) *rest {
	return &rest{
		client: &http.Client{Timeout: timeout, Transport: &http.Transport{MaxIdleConnsPerHost: 32}},
		bases:  bases, headers: headers, statuses: map[int]int{},
	}
}

// do makes a request until it has a definitive answer: any but "not now". key is its Idempotency-Key, or "".
func (r *rest) do(ctx context.Context, method, path, key string, body any) (Answer, error) {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return Answer{}, fmt.Errorf("encode a request: %w", err)
		}
	}
	for delay := 30 * time.Millisecond; ; delay = min(2*delay, time.Second) {
		base := r.bases[r.next.Add(1)%uint64(len(r.bases))]
		answer, err := r.try(ctx, method, base+path, key, content)
		r.count(answer.Status)
		if err == nil && definitive(answer.Status) {
			return answer, nil
		}
		if err := pause(ctx, delay); err != nil {
			return answer, err
		}
	}
}

func (r *rest) try(ctx context.Context, method, url, key string, content []byte) (Answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(content))
	if err != nil {
		return Answer{}, fmt.Errorf("make a request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	for name, value := range r.headers {
		request.Header.Set(name, value)
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := r.client.Do(request)
	if err != nil {
		return Answer{}, fmt.Errorf("no answer: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return Answer{}, fmt.Errorf("half an answer: %w", err)
	}
	return Answer{Status: response.StatusCode, Body: raw}, nil
}

func (r *rest) count(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.statuses[status]++
}

// counts is how often each status was answered; 0 is no answer.
func (r *rest) counts() map[int]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.statuses)
}

func (r *rest) closeIdle() { r.client.CloseIdleConnections() }

// definitive: the same request would get the same answer however often it came.
func definitive(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooManyRequests:
		return false
	}
	return status < http.StatusInternalServerError
}

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// document turns a patch of canonical paths into the JSON object that both APIs take: nested, null for a cleared field.
func document(patch record.Patch) map[string]any {
	result := map[string]any{}
	for path, value := range patch {
		at, name := result, path
		for {
			outer, inner, nested := strings.Cut(name, ".")
			if !nested {
				break
			}
			below, ok := at[outer].(map[string]any)
			if !ok {
				below = map[string]any{}
				at[outer] = below
			}
			at, name = below, inner
		}
		at[name] = value
		if value == "" {
			at[name] = nil
		}
	}
	return result
}

// flat is the opposite of document: the texts of a JSON object under their canonical paths.
func flat(body []byte) record.Fields {
	fields := record.Fields{}
	var add func(prefix string, object map[string]any)
	add = func(prefix string, object map[string]any) {
		for name, value := range object {
			switch value := value.(type) {
			case string:
				fields[prefix+name] = value
			case map[string]any:
				add(prefix+name+".", value)
			}
		}
	}
	var object map[string]any
	if json.Unmarshal(body, &object) == nil {
		add("", object)
	}
	return fields
}
