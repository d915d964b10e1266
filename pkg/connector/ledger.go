package connector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/pkg/tracing"
)

// The ledger says what became of each change of a record, in the transaction in which it did. Nothing here decides
// anything.

// origin is the event that brought the wanted snapshot.
type origin struct {
	Event string    `json:"event"`
	Trace string    `json:"trace,omitempty"` // as its traceparent header told
	At    time.Time `json:"at"`              // when the catalog committed it
}

// line is an outbound change that is at work, over as many turns as it takes.
type line struct {
	ID      uuid.UUID `json:"id"`
	Version int64     `json:"version"`
	State   string    `json:"state,omitempty"` // as the ledger has it; "": it does not have it yet
	Calls   int       `json:"calls,omitempty"`
	Origin  origin    `json:"origin"`
}

// answerKey finds in the context of a call where its answer is noted.
type answerKey struct{}

// answer is what is known of a call's answer.
type answer struct {
	status    int
	requestID string
}

// NoteAnswer tells the ledger the HTTP status and the remote's own id of the call that is made under ctx. A Remote that
// knows them calls it before it returns.
func NoteAnswer(ctx context.Context, status int, requestID string) {
	if a, ok := ctx.Value(answerKey{}).(*answer); ok {
		a.status, a.requestID = status, requestID
	}
}

// keepsLedger reports whether there is a ledger to write.
func (e *Engine) keepsLedger() bool { return e.o.Ledger != nil }

// list adds a line about the record.
func (j *job) list(c ledger.Change) {
	if !j.keepsLedger() {
		return
	}
	l := j.link
	c.Kind, c.RecordID, c.RemoteID = l.Kind, l.LocalID, l.RemoteID
	if c.Direction == admin.Inbound {
		c.Origin, c.EventID, c.TraceID = j.o.Name, l.EventID, j.trace
	} else {
		c.Origin = "catalog"
	}
	j.entries.Changes = append(j.entries.Changes, c)
}

// begin makes sure that the version which is to be pushed has a line. One that failed before goes on under its old line;
// an older version's is given up.
func (j *job) begin(version int64) {
	l := j.link
	if l.Line != nil && l.Line.Version == version {
		return
	}
	j.supersede(version)
	l.Line = &line{ID: uuid.Must(uuid.NewV7()), Version: version}
	if l.Origin != nil {
		l.Line.Origin = *l.Origin
	}
}

// supersede settles the line of an older version that never got through. One that was discarded keeps its reason.
func (j *job) supersede(version int64) {
	if old := j.link.Line; old != nil && old.State != "" && old.State != admin.StateDiscarded {
		j.settleLine(admin.StateSkipped, fmt.Sprintf("superseded by version %d", version), 0)
	}
	j.link.Line = nil
}

func (j *job) settleLine(state, skip string, latency time.Duration) {
	if j.keepsLedger() {
		j.entries.Settled = append(j.entries.Settled, ledger.Settlement{
			ChangeID: j.link.Line.ID, RemoteID: j.link.RemoteID, State: state, Skip: skip, Latency: latency,
		})
	}
}

// outcome moves the line of the intent to a state. fields are what the intent changes.
func (j *job) outcome(in *intent, fields []admin.FieldDiff, state, skip string) {
	l := j.link
	if l.Line == nil || l.Line.Version != in.Version {
		return // begun by a program that kept no ledger
	}
	var latency time.Duration
	if state == admin.StateApplied && !l.Line.Origin.At.IsZero() {
		latency = max(time.Since(l.Line.Origin.At), time.Millisecond)
	}
	switch l.Line.State {
	case state:
	case "":
		j.list(ledger.Change{
			ID: l.Line.ID, At: time.Now(), Direction: admin.Outbound, Op: string(in.Op), Version: in.Version, State: state, Skip: skip,
			Fields: fields, EventID: l.Line.Origin.Event, TraceID: tracing.IDOf(l.Line.Origin.Trace), Latency: latency,
		})
	default:
		j.settleLine(state, skip, latency)
	}
	l.Line.State = state
	if state == admin.StateApplied || state == admin.StateSkipped {
		l.Line = nil
	}
}

// listFailure moves the line of the intent to what a failed call makes of it.
func (j *job) listFailure(in *intent, err error) {
	switch {
	case errors.Is(err, errNotCalled):
	case classify(err).Class == Permanent:
		j.outcome(in, j.link.changes(in), admin.StateFailed, "")
	default:
		j.outcome(in, j.link.changes(in), admin.StateRetrying, "")
	}
}

// changes tells what the intent does to the shadow.
func (l *link) changes(in *intent) []admin.FieldDiff {
	if in.Op == opCreate {
		return diff(nil, record.Patch(in.Fields))
	}
	return diff(l.Shadow, in.Patch)
}

func diff(before record.Fields, after record.Patch) []admin.FieldDiff {
	fields := make([]admin.FieldDiff, 0, len(after))
	for _, field := range slices.Sorted(maps.Keys(after)) {
		if before[field] != after[field] {
			fields = append(fields, admin.FieldDiff{Field: field, Before: before[field], After: after[field]})
		}
	}
	return fields
}

// skip lists a version that needed no call.
func (j *job) skip(why string) {
	l := j.link
	j.supersede(l.Desired.Version)
	c := ledger.Change{Direction: admin.Outbound, Op: "update", Version: l.Desired.Version, State: admin.StateSkipped, Skip: why}
	if l.Desired.Deleted {
		c.Op = "delete"
	}
	if l.Origin != nil {
		c.EventID, c.TraceID = l.Origin.Event, tracing.IDOf(l.Origin.Trace)
	}
	j.list(c)
}

// lookLine is the line of this turn's look at the remote.
func (j *job) lookLine() uuid.UUID {
	if j.lookID == uuid.Nil {
		j.lookID = uuid.Must(uuid.NewV7())
	}
	return j.lookID
}

// listTold adds the line of a change that the catalog is told, or will be when inbound is resumed.
func (j *job) listTold(change *event.Change, held bool) {
	moved := record.Patch{}
	for field, inbound := range change.Fields {
		if inbound.Seq == change.Seq {
			moved[field] = inbound.Value
		}
	}
	before := j.before
	if before == nil {
		before = j.link.Shadow
	}
	c := ledger.Change{Direction: admin.Inbound, Op: "update", Version: change.Seq, State: admin.StateSent, Fields: diff(before, moved)}
	switch {
	case change.Deleted:
		c.Op = "delete"
	case j.link.Desired == nil:
		c.Op = "create"
	}
	if held {
		c.State, c.Skip = admin.StateSkipped, "inbound is paused: told after the resume"
	}
	if j.lookID != uuid.Nil && !j.lookListed {
		c.ID, c.At, j.lookListed = j.lookID, time.Now(), true
	}
	j.list(c)
}

// listOverruled lists what an operator lets the catalog overwrite.
func (j *job) listOverruled(theirs Object) {
	c := ledger.Change{Direction: admin.Inbound, Op: "check", Version: j.link.Seq, State: admin.StateSkipped, Skip: "overruled by an operator"}
	c.Fields = diff(j.link.Shadow, record.Diff(j.link.Shadow, theirs.Fields))
	if j.lookID != uuid.Nil {
		c.ID, c.At, j.lookListed = j.lookID, time.Now(), true
	}
	j.list(c)
}

// closeLook lists a look that brought nothing new.
func (j *job) closeLook(failure error) {
	if j.lookID == uuid.Nil || j.lookListed || errors.Is(failure, errNotCalled) {
		return
	}
	c := ledger.Change{ID: j.lookID, At: time.Now(), Direction: admin.Inbound, Op: "check", Version: j.link.Seq, State: admin.StateSkipped, Skip: "nothing moved"}
	if failure != nil && j.link.Line == nil {
		c.State, c.Skip = admin.StateRetrying, ""
	}
	j.lookListed = true
	j.list(c)
}

// tried adds a call.
func (j *job) tried(op string, started time.Time, a answer, err error) {
	if !j.keepsLedger() {
		return
	}
	l := j.link
	t := ledger.Attempt{
		RecordID: l.LocalID, Number: 1, Op: op, Worker: fmt.Sprintf("%s#%d", j.o.Instance, j.flight.worker+1), StartedAt: started,
		Duration: time.Since(started), Status: a.status, RequestID: a.requestID,
	}
	if op != opGet && l.Line != nil {
		l.Line.Calls++
		t.ChangeID, t.Number = l.Line.ID, l.Line.Calls
	} else {
		t.ChangeID = j.lookLine()
	}
	if err != nil && !errors.Is(err, ErrGone) {
		failure := classify(err)
		t.Class, t.Field, t.Error = string(failure.Class), failure.Field, failure.Reason
	}
	j.entries.Attempts = append(j.entries.Attempts, t)
}
