// Package traffic remembers what callers did: a log of the latest calls and totals. It keeps names of parameters, never
// their values.
package traffic

import (
	"maps"
	"strconv"
	"sync"
	"time"
)

// Entry is one call of the API.
type Entry struct {
	Time       time.Time `json:"time"`
	Method     string    `json:"method"`
	Path       string    `json:"path"`
	Endpoint   string    `json:"endpoint"` // the pattern that the path fits
	Customer   string    `json:"customer,omitempty"`
	Key        string    `json:"idempotency_key,omitempty"`
	Status     int       `json:"status"` // 0: the connection was closed without an answer
	RequestID  string    `json:"request_id"`
	Params     []string  `json:"params,omitempty"` // names only
	Code       string    `json:"code,omitempty"`   // of the error
	Replayed   bool      `json:"replayed,omitempty"`
	Fault      string    `json:"fault,omitempty"` // the knob that spoiled the call
	Livemode   bool      `json:"livemode"`
	DurationMS float64   `json:"duration_ms"`
}

// Log keeps the latest entries and counts all. It is safe for concurrent use.
type Log struct {
	mu       sync.Mutex
	ring     []Entry
	next     int
	counts   map[string]map[string]int
	overlaps int
}

// NewLog returns a log that keeps so many entries.
func NewLog(keep int) *Log {
	return &Log{ring: make([]Entry, 0, keep), counts: map[string]map[string]int{}}
}

// Add notes a call that was answered.
func (l *Log) Add(e Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < cap(l.ring) {
		l.ring = append(l.ring, e)
	} else {
		l.ring[l.next] = e
	}
	l.next = (l.next + 1) % cap(l.ring)
	by := l.counts[e.Endpoint]
	if by == nil {
		by = map[string]int{}
		l.counts[e.Endpoint] = by
	}
	by[strconv.Itoa(e.Status)]++
}

// Overlap counts a write that had to wait for another write of the same customer.
func (l *Log) Overlap() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.overlaps++
}

// Overlaps returns how many writes had to wait.
func (l *Log) Overlaps() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.overlaps
}

// Recent returns up to limit entries, newest first; with a customer only those about it.
func (l *Log) Recent(customer string, limit int) []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := []Entry{}
	for i := range l.ring {
		e := l.ring[(l.next-1-i+2*cap(l.ring))%cap(l.ring)]
		if customer != "" && e.Customer != customer {
			continue
		}
		if out = append(out, e); len(out) == limit {
			break
		}
	}
	return out
}

// Counts returns the totals by endpoint and status.
func (l *Log) Counts() map[string]map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make(map[string]map[string]int, len(l.counts))
	for endpoint, by := range l.counts {
		out[endpoint] = maps.Clone(by)
	}
	return out
}

// Reset forgets all.
func (l *Log) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ring, l.next, l.counts, l.overlaps = l.ring[:0], 0, map[string]map[string]int{}, 0
}
