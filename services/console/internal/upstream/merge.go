package upstream

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// ErrCursor says that a cursor is not one of ours.
var ErrCursor = errors.New("this link to further entries is damaged")

// Source is a list of one service, newest first, page by page.
type Source[T any] struct {
	Name string
	Page func(ctx context.Context, cursor string, limit int) (admin.List[T], error)
}

// Merged is a page of several lists in one order.
type Merged[T any] struct {
	Items  []T
	Next   string // the cursor of the next page; empty on the last one
	Failed map[string]error
}

// position is how far one list has been shown: a page of it, and how many of its items.
type position struct {
	Cursor string `json:"c,omitempty"`
	Offset int    `json:"o,omitempty"`
	Ended  bool   `json:"e,omitempty"`
}

// tape is one list while it is merged.
type tape[T any] struct {
	Source[T]
	position
	items []T
	next  string
	more  bool
	err   error
}

// Merge returns the page of all sources after cursor ("" for the first). before says that a comes before b. A source
// that fails is left out of this page and named in Failed; the others are shown.
func Merge[T any](ctx context.Context, sources []Source[T], cursor string, limit int, before func(a, b T) bool) (Merged[T], error) {
	tapes, err := openTapes(sources, cursor)
	if err != nil {
		return Merged[T]{}, err
	}
	var all sync.WaitGroup
	for _, t := range tapes {
		all.Go(func() { t.load(ctx, limit) })
	}
	all.Wait()
	merged := Merged[T]{Failed: map[string]error{}}
	for len(merged.Items) < limit {
		first := pick(tapes, before)
		if first == nil {
			break
		}
		merged.Items = append(merged.Items, first.items[first.Offset])
		first.Offset++
		first.turn(ctx, limit)
	}
	merged.Next = closeTapes(tapes)
	for _, t := range tapes {
		if t.err != nil {
			merged.Failed[t.Name] = t.err
		}
	}
	return merged, nil
}

func openTapes[T any](sources []Source[T], cursor string) ([]*tape[T], error) {
	positions := map[string]position{}
	if cursor != "" {
		raw, err := base64.RawURLEncoding.DecodeString(cursor)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCursor, err)
		}
		if err := json.Unmarshal(raw, &positions); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCursor, err)
		}
	}
	tapes := make([]*tape[T], 0, len(sources))
	for _, s := range sources {
		at := positions[s.Name]
		if at.Offset < 0 {
			return nil, ErrCursor
		}
		tapes = append(tapes, &tape[T]{Source: s, position: at})
	}
	return tapes, nil
}

func (t *tape[T]) load(ctx context.Context, limit int) {
	if t.Ended {
		return
	}
	page, err := t.Page(ctx, t.Cursor, limit)
	if err != nil {
		t.err = err
		return
	}
	t.items, t.next, t.more = page.Data, page.NextCursor, page.HasMore && page.NextCursor != ""
	t.Offset = min(t.Offset, len(t.items))
	if t.Offset == len(t.items) {
		t.turn(ctx, limit)
	}
}

// turn goes on to the next page when this one is used up.
func (t *tape[T]) turn(ctx context.Context, limit int) {
	if t.Offset < len(t.items) {
		return
	}
	if !t.more {
		t.Ended, t.items, t.Offset, t.Cursor = true, nil, 0, ""
		return
	}
	t.Cursor, t.Offset, t.items = t.next, 0, nil
	t.load(ctx, limit)
}

func pick[T any](tapes []*tape[T], before func(a, b T) bool) *tape[T] {
	var first *tape[T]
	for _, t := range tapes {
		if t.err != nil || t.Ended || t.Offset >= len(t.items) {
			continue
		}
		if first == nil || before(t.items[t.Offset], first.items[first.Offset]) {
			first = t
		}
	}
	return first
}

func closeTapes[T any](tapes []*tape[T]) string {
	positions, more := map[string]position{}, false
	for _, t := range tapes {
		positions[t.Name] = t.position
		more = more || !t.Ended && t.err == nil
	}
	raw, err := json.Marshal(positions)
	if err != nil || !more {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}
