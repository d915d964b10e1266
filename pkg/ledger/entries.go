package ledger

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// Change is one line: a change of one record in one direction. See admin.Change for what the fields mean.
type Change struct {
	ID        uuid.UUID // UUIDv7; zero: made by Append
	At        time.Time // zero: the time of the ID
	Direction string
	Kind      string
	RecordID  string
	RemoteID  string
	Origin    string
	Op        string
	Version   int64
	State     string
	Skip      string
	Fields    []admin.FieldDiff
	EventID   string
	RequestID string
	TraceID   string
	Latency   time.Duration // of an outbound change that was applied: since the catalog's commit
}

// Attempt is one call to the remote. Its change may be in the same Entries or an earlier one.
type Attempt struct {
	ChangeID  uuid.UUID
	RecordID  string
	Number    int
	Op        string
	Worker    string
	StartedAt time.Time
	Duration  time.Duration
	Status    int
	RequestID string
	Class     string // "" for success
	Field     string
	Error     string
}

// Settlement moves an earlier outbound change to the state that it has reached since: from retrying to applied, from
// failed to discarded. A change that the ledger does not have (any more) is passed over.
type Settlement struct {
	ChangeID uuid.UUID
	RemoteID string // the object that it made; "" when the change has one already, or made none
	State    string
	Skip     string
	Latency  time.Duration // see Change
}

// Entries are written together. What is settled must be from an earlier transaction or Append.
type Entries struct {
	Changes  []Change
	Attempts []Attempt
	Settled  []Settlement
}

// changeRow, attemptRow and settledRow are what the statements read.
type changeRow struct {
	ID        uuid.UUID         `json:"id"`
	At        time.Time         `json:"at"`
	Direction string            `json:"direction"`
	Kind      string            `json:"kind"`
	RecordID  string            `json:"record_id"`
	RemoteID  string            `json:"remote_id"`
	Origin    string            `json:"origin"`
	Op        string            `json:"op"`
	Version   int64             `json:"version"`
	State     string            `json:"state"`
	Skip      string            `json:"skip"`
	Fields    []admin.FieldDiff `json:"fields,omitempty"`
	EventID   string            `json:"event_id"`
	RequestID string            `json:"request_id"`
	TraceID   string            `json:"trace_id"`
	LatencyMS float64           `json:"latency_ms"`
}

type attemptRow struct {
	ID         uuid.UUID `json:"id"`
	ChangeID   uuid.UUID `json:"change_id"`
	RecordID   string    `json:"record_id"`
	Number     int       `json:"number"`
	Op         string    `json:"op"`
	Worker     string    `json:"worker"`
	StartedAt  time.Time `json:"started_at"`
	DurationMS float64   `json:"duration_ms"`
	Status     int       `json:"status"`
	RequestID  string    `json:"request_id"`
	Class      string    `json:"class"`
	Field      string    `json:"field"`
	Error      string    `json:"error"`
}

type settledRow struct {
	ID        uuid.UUID `json:"id"`
	RemoteID  string    `json:"remote_id"`
	State     string    `json:"state"`
	Skip      string    `json:"skip"`
	LatencyMS float64   `json:"latency_ms"`
}

// Texts that come from elsewhere are cut: the ledger must not be what makes a write fail.
const (
	maxKey  = 200  // of what is indexed
	maxText = 2000 // of what is read
)

func (c Change) row() any {
	if c.ID == uuid.Nil {
		c.ID = idAt(c.At)
	}
	if c.At.IsZero() {
		c.At = timeOf(c.ID)
	}
	return changeRow{
		ID: c.ID, At: c.At.UTC(), Direction: c.Direction, Kind: c.Kind, RecordID: key(c.RecordID), RemoteID: key(c.RemoteID),
		Origin: key(c.Origin), Op: c.Op, Version: c.Version, State: c.State, Skip: text(c.Skip), Fields: diffs(c.Fields),
		EventID: key(c.EventID), RequestID: key(c.RequestID), TraceID: key(c.TraceID), LatencyMS: milliseconds(c.Latency),
	}
}

func (a Attempt) row() any {
	id := idAt(a.StartedAt)
	if a.StartedAt.IsZero() {
		a.StartedAt = timeOf(id)
	}
	return attemptRow{
		ID: id, ChangeID: a.ChangeID, RecordID: key(a.RecordID), Number: a.Number, Op: a.Op, Worker: a.Worker,
		StartedAt: a.StartedAt.UTC(), DurationMS: milliseconds(a.Duration), Status: a.Status,
		RequestID: key(a.RequestID), Class: a.Class, Field: text(a.Field), Error: text(a.Error),
	}
}

func (s Settlement) row() any {
	return settledRow{ID: s.ChangeID, RemoteID: key(s.RemoteID), State: s.State, Skip: text(s.Skip), LatencyMS: milliseconds(s.Latency)}
}

func diffs(fields []admin.FieldDiff) []admin.FieldDiff {
	kept := make([]admin.FieldDiff, len(fields))
	for i, f := range fields {
		kept[i] = admin.FieldDiff{Field: storable(f.Field), Before: storable(f.Before), After: storable(f.After)}
	}
	return kept
}

func key(s string) string  { return limited(storable(s), maxKey) }
func text(s string) string { return limited(storable(s), maxText) }

func limited(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}

// storable leaves out what PostgreSQL cannot keep in a text.
func storable(s string) string { return strings.ReplaceAll(s, "\x00", "") }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
