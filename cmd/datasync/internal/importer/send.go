package importer

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/pkg/admin"
)

// Target is where rows go.
type Target interface {
	// Import creates a customer unless the key was used before, which it reports. Its errors are those of admin.Client.
	Import(ctx context.Context, body any, key string) (before bool, err error)
}

const (
	firstWait  = 200 * time.Millisecond
	longestGap = 15 * time.Second
)

// gate holds all senders back while the catalog asks for it.
type gate struct {
	mu    sync.Mutex
	until time.Time
}

func (g *gate) close(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(d); until.After(g.until) {
		g.until = until
	}
}

func (g *gate) wait(ctx context.Context) error {
	g.mu.Lock()
	d := time.Until(g.until)
	g.mu.Unlock()
	return pause(ctx, d)
}

func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// sender sends one row after the other until each is taken or refused for good.
type sender struct {
	target   Target
	prefix   string // of the idempotency keys
	gate     *gate
	patience time.Duration // how long one row is tried
}

// send returns the reason when the row itself is refused, and an error when the import cannot go on.
func (s *sender) send(ctx context.Context, row Row) (before bool, reason string, err error) {
	begin, wait := time.Now(), firstWait
	key := s.prefix + strconv.FormatInt(row.Number, 10)
	for {
		if err := s.gate.wait(ctx); err != nil {
			return false, "", err
		}
		before, err := s.target.Import(ctx, row.Document, key)
		if err == nil || ctx.Err() != nil {
			return before, "", errors.Join(err, ctx.Err())
		}
		refused, answered := errors.AsType[*admin.RequestError](err)
		switch {
		case answered && refused.Code == "idempotency_key_reused":
			return false, "", exit.Wrap(exit.Conflict, err, "a row was sent with another content within the last day", "the file was imported by another version of this program; try again tomorrow")
		case answered && unfit(refused.Status):
			return false, explain(refused), nil
		case answered && !passing(refused.Status), time.Since(begin) > s.patience:
			return false, "", err
		}
		if answered && refused.Status == http.StatusTooManyRequests {
			s.gate.close(max(refused.RetryAfter, firstWait))
			begin = time.Now() // the catalog is well; it only wants to be asked more slowly
			continue
		}
		gap := wait/2 + rand.N(wait) //nolint:gosec // jitter needs no secret randomness
		if answered {
			gap = max(gap, refused.RetryAfter)
		}
		if err := pause(ctx, gap); err != nil {
			return false, "", err
		}
		wait = min(2*wait, longestGap)
	}
}

// unfit: the catalog will never take this row.
func unfit(status int) bool {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		return true
	}
	return false
}

// passing: the same request may well be taken later.
func passing(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusConflict, http.StatusRequestTimeout:
		return true
	}
	return status >= http.StatusInternalServerError
}

// explain is the reason in the error file.
func explain(r *admin.RequestError) string {
	if ending, ok := errors.AsType[*exit.Error](exit.Explain(r)); ok && ending.Fix != "" {
		return ending.Fix
	}
	return r.Title
}
