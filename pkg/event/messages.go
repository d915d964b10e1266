package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/pkg/record"
)

// KindCustomer is the record kind of customers.
const KindCustomer = "customer"

// Verb says what happened to a record in the catalog.
type Verb string

// The verbs. A restored record is announced as created, under a higher generation.
const (
	Created Verb = "created"
	Updated Verb = "updated"
	Deleted Verb = "deleted"
	Erased  Verb = "erased" // deleted, and nobody may keep anything personal of it
)

// Snapshot is what the catalog tells its connectors: a record as it is at a version. It is complete, so a connector
// that has a newer one can ignore it.
type Snapshot struct {
	Kind       string           `json:"kind"`
	ID         string           `json:"id"`
	Version    int64            `json:"version"`    // grows by one with every committed change of the record
	Generation int64            `json:"generation"` // 1, and one more each time the record is restored
	Deleted    bool             `json:"deleted"`
	Erased     bool             `json:"erased,omitempty"` // deleted, and nobody may keep anything personal of it
	Fields     record.Fields    `json:"fields"`
	Seen       map[string]int64 `json:"seen"` // per remote, the Seq of the last Change that the record contains

	// Held are, per remote, the fields whose conflict waits for a person: the remote keeps its own value of them.
	Held map[string][]string `json:"held,omitempty"`

	Bulk  bool `json:"bulk,omitempty"`  // told again with many others, not because it has changed: live work comes first
	Offer bool `json:"offer,omitempty"` // make no object for it yet: the remote may have one, and a comparison finds out
}

// Change is what a connector tells the catalog: fields that moved at its remote. It is cumulative: it repeats every
// field that the catalog has not been seen to apply, so two changes that overtake each other lose nothing.
type Change struct {
	Remote     string                    `json:"remote"`
	Kind       string                    `json:"kind"`
	ID         string                    `json:"id"`
	RemoteID   string                    `json:"remote_id"`
	Generation int64                     `json:"generation"` // the generation of the record that the remote's object belongs to
	Seq        int64                     `json:"seq"`        // numbers the changes of one record at one remote, rising
	Deleted    bool                      `json:"deleted"`
	Fields     map[string]record.Inbound `json:"fields,omitempty"`
}

// SyncState is how far a connector has got with one record.
type SyncState string

// The states of a record at a remote.
const (
	StatePending   SyncState = "pending"   // a newer version of the record has yet to reach the remote
	StateSynced    SyncState = "synced"    // the remote holds State.Version
	StateRetrying  SyncState = "retrying"  // the last call failed and will be made again by itself
	StateFailed    SyncState = "failed"    // parked: the remote refused the record; a newer version un-parks it
	StateDiscarded SyncState = "discarded" // parked, and an operator accepts that; what un-parks a record brings it back
	StateDeleted   SyncState = "deleted"   // gone at the remote
	StateDetached  SyncState = "detached"  // deleted in the catalog, kept at the remote by policy
)

// State is what a connector reports about one record after it worked on it.
type State struct {
	Remote     string     `json:"remote"`
	Kind       string     `json:"kind"`
	ID         string     `json:"id"`
	RemoteID   string     `json:"remote_id,omitempty"`
	Generation int64      `json:"generation"`
	Version    int64      `json:"version"` // the catalog version that the remote reflects
	State      SyncState  `json:"state"`
	Revision   int64      `json:"revision"` // grows with every report about the record: an older one is stale
	Error      *SyncError `json:"error,omitempty"`
	At         time.Time  `json:"at"`
}

// SyncError is why a record is retrying, failed or discarded, in words for the person who has to fix it.
type SyncError struct {
	Class   string `json:"class"`           // transient, throttled, permanent or operator
	Field   string `json:"field,omitempty"` // canonical path of the field that the remote refused
	Reason  string `json:"reason"`
	Attempt int    `json:"attempt"`
	Version int64  `json:"version"` // the catalog version that was to be brought to the remote
}

// CatalogSource is the source of every event of the catalog.
const CatalogSource = "/catalog"

// NewSnapshot wraps a snapshot as the event <kind>.<verb>.v1.
func NewSnapshot(verb Verb, s Snapshot) Envelope {
	return newEnvelope(CatalogSource, fmt.Sprintf("%s.%s.v1", s.Kind, verb), s.ID, s)
}

// NewChange wraps a change as the message <remote>.<kind>.v1.
func NewChange(c Change) Envelope {
	return newEnvelope(connectorSource(c.Remote), fmt.Sprintf("%s.%s.v1", c.Remote, c.Kind), c.ID, c)
}

// NewState wraps a state as the message <remote>.state.v1.
func NewState(s State) Envelope {
	return newEnvelope(connectorSource(s.Remote), s.Remote+".state.v1", s.ID, s)
}

func connectorSource(remote string) string { return "/connectors/" + remote }

// DecodeSnapshot reads the body of a catalog event. Errors as of Decode.
func DecodeSnapshot(body []byte) (Snapshot, error) {
	_, s, err := ReadSnapshot(body)
	return s, err
}

// ReadSnapshot is DecodeSnapshot for those who also want to know about the event itself.
func ReadSnapshot(body []byte) (Envelope, Snapshot, error) {
	e, err := Decode(body)
	if err != nil {
		return e, Snapshot{}, err
	}
	s, err := e.snapshot()
	return e, s, err
}

func (e Envelope) snapshot() (s Snapshot, err error) {
	if e.Source != CatalogSource {
		return s, fmt.Errorf("%w: source %q, want %q", ErrUnknownType, e.Source, CatalogSource)
	}
	if err := json.Unmarshal(e.Data, &s); err != nil {
		return s, fmt.Errorf("%w: data: %w", ErrMalformed, err)
	}
	if s.Kind == "" || !strings.HasPrefix(e.Type, s.Kind+".") {
		return s, fmt.Errorf("%w: type %q with kind %q", ErrMalformed, e.Type, s.Kind)
	}
	if err := checkID(s.ID); err != nil {
		return s, err
	}
	if s.Version < 1 || s.Generation < 1 {
		return s, fmt.Errorf("%w: version %d, generation %d", ErrMalformed, s.Version, s.Generation)
	}
	for path, value := range s.Fields {
		if err := checkText(path, value); err != nil {
			return s, err
		}
	}
	for remote, fields := range s.Held {
		if err := checkText(append(fields, remote)...); err != nil {
			return s, err
		}
	}
	return s, checkText(slices.Collect(maps.Keys(s.Seen))...)
}

// Report is a message from a connector: exactly one of Change and State is set.
type Report struct {
	Change *Change
	State  *State
}

// DecodeReport reads the body of a connector's message. Errors as of Decode.
func DecodeReport(body []byte) (Report, error) {
	e, err := Decode(body)
	if err != nil {
		return Report{}, err
	}
	remote, ok := strings.CutPrefix(e.Source, connectorSource(""))
	if !ok || remote == "" || !strings.HasPrefix(e.Type, remote+".") {
		return Report{}, fmt.Errorf("%w: type %q from %q", ErrUnknownType, e.Type, e.Source)
	}
	if e.Type == remote+".state.v1" {
		var s State
		if err := json.Unmarshal(e.Data, &s); err != nil {
			return Report{}, fmt.Errorf("%w: data: %w", ErrMalformed, err)
		}
		if s.Remote != remote || s.Kind == "" {
			return Report{}, fmt.Errorf("%w: a state of %q in a message from %q", ErrMalformed, s.Remote, remote)
		}
		if s.Error != nil {
			return Report{State: &s}, errors.Join(checkID(s.ID), checkText(s.RemoteID, s.Error.Field, s.Error.Reason))
		}
		return Report{State: &s}, errors.Join(checkID(s.ID), checkText(s.RemoteID, string(s.State)))
	}
	var c Change
	if err := json.Unmarshal(e.Data, &c); err != nil {
		return Report{}, fmt.Errorf("%w: data: %w", ErrMalformed, err)
	}
	if c.Remote != remote || e.Type != fmt.Sprintf("%s.%s.v1", remote, c.Kind) || c.Seq < 1 {
		return Report{}, fmt.Errorf("%w: a change of %q (%q, seq %d) in a %q", ErrMalformed, c.Remote, c.Kind, c.Seq, e.Type)
	}
	for path, inbound := range c.Fields {
		if err := checkText(path, inbound.Value); err != nil {
			return Report{}, err
		}
	}
	return Report{Change: &c}, errors.Join(checkID(c.ID), checkText(c.RemoteID))
}

// checkID refuses also what is a UUID in another spelling: two spellings of one record are two keys here and one row in
// Postgres.
func checkID(id string) error {
	if parsed, err := uuid.Parse(id); err != nil || parsed.String() != id {
		return fmt.Errorf("%w: id %q is not a UUID", ErrMalformed, id)
	}
	return nil
}

// checkText refuses what Postgres cannot store, so that such a message ends as a dead letter and holds nothing up.
func checkText(texts ...string) error {
	for _, text := range texts {
		if strings.ContainsRune(text, 0) {
			return fmt.Errorf("%w: a text holds the character NUL", ErrMalformed)
		}
	}
	return nil
}
