// Package idempotency keeps the first outcome of every call that came with a key, and replays it.
package idempotency

import (
	"errors"
	"sync"
	"time"
)

// Keep is how long a key is remembered. After that the same call runs again.
const Keep = 24 * time.Hour

// What Begin can refuse.
var (
	ErrInUse       = errors.New("a call with this key is running")
	ErrParameters  = errors.New("the key was used with other parameters")
	ErrOtherTarget = errors.New("the key was used for another endpoint")
)

// Outcome is what a call was answered with.
type Outcome struct {
	Status    int    `json:"status"`
	Body      []byte `json:"body"`
	RequestID string `json:"request_id"`
	Object    string `json:"object,omitempty"` // id of the object that the call was about
}

// Call identifies a call under a key. Keys of different scopes know nothing of each other.
type Call struct {
	Scope       string `json:"scope"`
	Key         string `json:"key"`
	Target      string `json:"target"` // method and path
	Fingerprint string `json:"fingerprint"`
}

// Entry is a remembered call.
type Entry struct {
	Call    Call      `json:"call"`
	At      time.Time `json:"at"`
	Outcome *Outcome  `json:"outcome"` // nil while the call runs
}

type id struct{ scope, key string }

// Table remembers calls. It is safe for concurrent use; the zero Table is not usable.
type Table struct {
	now     func() time.Time
	changed func()
	mu      sync.Mutex
	entries map[id]*Entry
	oldest  []*Entry // in the order they began, to forget from the front
}

// NewTable returns an empty table that reads the given clock and calls changed, which must not block, after each outcome.
func NewTable(now func() time.Time, changed func()) *Table {
	return &Table{now: now, changed: changed, entries: map[id]*Entry{}}
}

// Begin claims the key for a call. A non-nil outcome is to be replayed instead of running the call; a claim has to be
// ended by Finish or Abandon. The error is one of those above; with ErrOtherTarget the first target is returned too.
func (t *Table) Begin(c Call) (replay *Outcome, target string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	t.prune(now)
	key := id{c.Scope, c.Key}
	if e := t.entries[key]; e != nil && now.Sub(e.At) < Keep {
		switch {
		case e.Call.Target != c.Target:
			return nil, e.Call.Target, ErrOtherTarget
		case e.Call.Fingerprint != c.Fingerprint:
			return nil, "", ErrParameters
		case e.Outcome == nil:
			return nil, "", ErrInUse
		}
		return e.Outcome, "", nil
	}
	e := &Entry{Call: c, At: now}
	t.entries[key] = e
	t.oldest = append(t.oldest, e)
	return nil, "", nil
}

// Finish stores the outcome of a claimed call.
func (t *Table) Finish(c Call, o Outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.entries[id{c.Scope, c.Key}]; e != nil {
		e.Outcome = &o
		t.changed()
	}
}

// Abandon frees a claimed key as if the call had never come: it did not begin to execute.
func (t *Table) Abandon(c Call) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e := t.entries[id{c.Scope, c.Key}]; e != nil && e.Outcome == nil {
		delete(t.entries, id{c.Scope, c.Key})
	}
}

// Reset forgets everything.
func (t *Table) Reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.entries, t.oldest = map[id]*Entry{}, nil
}

// Snapshot returns the finished calls.
func (t *Table) Snapshot() []Entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make([]Entry, 0, len(t.oldest))
	for _, e := range t.oldest {
		if e.Outcome != nil && t.current(e) {
			out = append(out, *e)
		}
	}
	return out
}

// Restore replaces everything by what a snapshot holds.
func (t *Table) Restore(entries []Entry) {
	t.Reset()
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range entries {
		e := &entries[i]
		t.entries[id{e.Call.Scope, e.Call.Key}] = e
		t.oldest = append(t.oldest, e)
	}
}

func (t *Table) prune(now time.Time) {
	n := 0
	for n < len(t.oldest) && (now.Sub(t.oldest[n].At) >= Keep || !t.current(t.oldest[n])) {
		if e := t.oldest[n]; t.current(e) {
			delete(t.entries, id{e.Call.Scope, e.Call.Key})
		}
		n++
	}
	t.oldest = t.oldest[n:]
}

// current tells whether the entry still stands for its key: an abandoned or replaced one does not.
func (t *Table) current(e *Entry) bool { return t.entries[id{e.Call.Scope, e.Call.Key}] == e }
