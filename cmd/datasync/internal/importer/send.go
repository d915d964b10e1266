package importer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/pkg/admin"
)

// Target is where rows go.
type Target interface {
	// Create creates customers in one transaction, each of which may be refused by itself: then its place in refused
	// says why. Before reports that the same request was answered before, and that this is that answer. Its errors are
	// those of admin.Client.
	Create(ctx context.Context, customers []json.RawMessage, key string) (refused []*admin.Problem, before bool, err error)
}

const (
	firstWait  = 200 * time.Millisecond
	longestGap = 15 * time.Second
)

// sender sends chunks.
type sender struct {
	target   Target
	prefix   string // of the idempotency keys
	gate     *gate
	patience time.Duration // how long one chunk is tried
}

// send sends what can be sent of a chunk. An error means that the import cannot go on.
func (s *sender) send(ctx context.Context, c chunk) (entry, error) {
	done := entry{Chunk: &c.index}
	var good []Row
	var bodies []json.RawMessage
	for _, row := range c.rows {
		switch {
		case row.Problem != "":
			done.Bad = append(done.Bad, Bad{row.Number, row.Line, row.Problem})
		case !row.Blank:
			good, bodies = append(good, row), append(bodies, row.Body)
		}
	}
	if len(good) == 0 {
		return done, nil
	}
	refused, before, err := s.create(ctx, bodies, s.prefix+strconv.FormatInt(c.index, 10))
	if err != nil {
		return entry{}, err
	}
	for i, row := range good {
		switch {
		case i < len(refused) && refused[i] != nil:
			done.Bad = append(done.Bad, Bad{row.Number, row.Line, explain(*refused[i])})
		case before:
			done.Before++
		default:
			done.Created++
		}
	}
	return done, nil
}

// create tries until the catalog takes the request.
func (s *sender) create(ctx context.Context, bodies []json.RawMessage, key string) (refused []*admin.Problem, before bool, err error) {
	begin, wait := time.Now(), firstWait
	for {
		if err := s.gate.wait(ctx); err != nil {
			return nil, false, err
		}
		refused, before, err := s.target.Create(ctx, bodies, key)
		if err == nil || ctx.Err() != nil {
			return refused, before, cmp.Or(err, ctx.Err())
		}
		answer, answered := errors.AsType[*admin.RequestError](err)
		switch {
		case answered && answer.Status == http.StatusGone: // created before, and erased since
			return nil, true, nil
		case answered && answer.Code == "idempotency_key_reused":
			return nil, false, exit.Wrap(exit.Conflict, err, "rows were sent with another content within the last day",
				"the file was imported by another version of this program; try again tomorrow")
		case answered && !passing(answer.Status), time.Since(begin) > s.patience:
			return nil, false, err
		case answered && answer.Status == http.StatusTooManyRequests:
			s.gate.close(max(answer.RetryAfter, firstWait))
			begin = time.Now() // the catalog is well; it only wants to be asked more slowly
			continue
		}
		gap := wait/2 + rand.N(wait) //nolint:gosec // jitter needs no secret randomness
		if answered {
			gap = max(gap, answer.RetryAfter)
		}
		if err := pause(ctx, gap); err != nil {
			return nil, false, err
		}
		wait = min(2*wait, longestGap)
	}
}

// passing: the same request may well be taken later.
func passing(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusConflict, http.StatusRequestTimeout:
		return true
	}
	return status >= http.StatusInternalServerError
}

// explain is the reason in the error file. The catalog tells what is wrong in any order; the same row always has the same reason.
func explain(p admin.Problem) string {
	p.Errors = slices.SortedFunc(slices.Values(p.Errors), func(a, b admin.ProblemDetail) int {
		return cmp.Or(cmp.Compare(a.Where(), b.Where()), cmp.Compare(a.Detail, b.Detail))
	})
	if ending, ok := errors.AsType[*exit.Error](exit.Explain(&admin.RequestError{Problem: p})); ok && ending.Fix != "" {
		return ending.Fix
	}
	return p.Title
}
