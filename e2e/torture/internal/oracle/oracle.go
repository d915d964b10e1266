// Package oracle remembers what every accepted write said, and judges from that alone how a customer may look in the end.
package oracle

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/datasync-dev/datasync/pkg/record"
)

// Writer is a kind of person who writes. All persons of one kind see each other's writes, so theirs have an order.
type Writer string

// The writers.
const (
	Catalog Writer = "catalog"
	Stripe  Writer = "stripe"
)

// Write is an accepted write.
type Write struct {
	Writer Writer       `json:"writer"`
	Order  int64        `json:"order"` // among those of the same writer: the version, for the catalog's
	Patch  record.Patch `json:"patch,omitempty"`
	Delete bool         `json:"delete,omitempty"`
	Erase  bool         `json:"erase,omitempty"` // a delete after which no personal data may be left
	// Knew is what a write at Stripe knew of the catalog: the version in the customer's mark at that moment, 0 for none.
	Knew int64 `json:"knew,omitempty"`
	// Left is, for a write in the catalog, how it left the customer there.
	Left  record.Fields `json:"-"`
	Began time.Time     `json:"began"`
	Ended time.Time     `json:"ended"`
}

// Record is everything that was written to one customer. It is safe for concurrent use.
type Record struct {
	Label  string // for people
	Poison bool   // Stripe refuses it

	mu       sync.Mutex
	localID  string
	remoteID string
	writes   []Write
}

// SetIDs notes what the customer is called in the catalog and at Stripe; "" is not known yet.
func (r *Record) SetIDs(localID, remoteID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if localID != "" {
		r.localID = localID
	}
	if remoteID != "" {
		r.remoteID = remoteID
	}
}

// IDs are what the customer is called in the catalog and at Stripe; "" is not known yet.
func (r *Record) IDs() (localID, remoteID string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.localID, r.remoteID
}

// Accept notes a write that was answered with a yes.
func (r *Record) Accept(w Write) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.writes = append(r.writes, w)
}

// Writes are all that were accepted, in the order of their answers.
func (r *Record) Writes() []Write {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.writes)
}

// Born reports whether any write was accepted.
func (r *Record) Born() bool { return len(r.Writes()) > 0 }

// Deleted reports whether somebody deleted the customer, which is final.
func (r *Record) Deleted() bool {
	return slices.ContainsFunc(r.Writes(), func(w Write) bool { return w.Delete })
}

// Erased reports whether somebody erased the customer.
func (r *Record) Erased() bool {
	return slices.ContainsFunc(r.Writes(), func(w Write) bool { return w.Erase })
}

// Values are all that anybody ever wrote to a field, but for nothing.
func (r *Record) Values(field string) (values []string) {
	for _, w := range r.Writes() {
		if value := w.Patch[field]; value != "" {
			values = append(values, value)
		}
	}
	return values
}

// LastAtStripe is what was written last to each field at Stripe.
func (r *Record) LastAtStripe() record.Patch {
	patch, writes := record.Patch{}, r.Writes()
	for field := range fieldsOf(writes) {
		if w, ok := last(writes, field)[Stripe]; ok {
			patch[field] = w.Patch[field]
		}
	}
	return patch
}

// Wrote reports whether a writer ever wrote this value.
func (r *Record) Wrote(writer Writer, field, value string) bool {
	return slices.ContainsFunc(r.Writes(), func(w Write) bool {
		written, ok := w.Patch[field]
		return ok && w.Writer == writer && written == value
	})
}

// last is each writer's last write to a field.
func last(writes []Write, field string) map[Writer]Write {
	result := map[Writer]Write{}
	for _, w := range writes {
		if _, ok := w.Patch[field]; !ok {
			continue
		}
		if known, ok := result[w.Writer]; !ok || w.Order >= known.Order {
			result[w.Writer] = w
		}
	}
	return result
}

// Allowed are the values at which a field may end: the last one of each writer. When one of the two was written in
// knowledge of the other, it is the only one. A field that nobody wrote stays empty.
func (r *Record) Allowed(field string) []string { return allowed(r.Writes(), field) }

func allowed(writes []Write, field string) []string {
	lasts := last(writes, field)
	ours, wroteHere := lasts[Catalog]
	theirs, wroteThere := lasts[Stripe]
	switch {
	case !wroteHere && !wroteThere:
		return []string{""}
	case !wroteThere:
		return []string{ours.Patch[field]}
	case !wroteHere || theirs.Knew >= ours.Order:
		return []string{theirs.Patch[field]}
	case knewOf(writes, ours, field, theirs.Patch[field]):
		return []string{ours.Patch[field]}
	}
	return []string{ours.Patch[field], theirs.Patch[field]}
}

// knewOf reports whether the catalog held a value, which nobody else writes, before a write there: an earlier write of
// something else left it in place.
func knewOf(writes []Write, ours Write, field, value string) bool {
	return value != "" && slices.ContainsFunc(writes, func(w Write) bool {
		return w.Writer == Catalog && w.Order < ours.Order && w.Left[field] == value
	})
}

// fieldsOf are all fields that were ever written.
func fieldsOf(writes []Write) map[string]bool {
	fields := map[string]bool{}
	for _, w := range writes {
		for field := range maps.Keys(w.Patch) {
			fields[field] = true
		}
	}
	return fields
}
