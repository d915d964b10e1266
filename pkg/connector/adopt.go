package connector

import (
	"time"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/record"
)

// adopting reports whether the object was linked to a customer that both sides already had.
func (l *link) adopting() bool {
	return l.Repair != nil && l.Repair.Adopt && !l.Gone && l.Desired != nil && !l.Desired.Deleted
}

// takeOver brings an object and a customer together that have grown up apart, and returns the change that tells the
// catalog what only the remote knew, or nil. What only the catalog knew is pushed. A field that both have set belongs to
// the repair's side; under SidePolicy it goes to the catalog as what it is, a value that knew nothing of the other one,
// so that it is recorded as a conflict. Its age is unknown, so it never counts as the newer one.
func (l *link) takeOver(remote string, theirs Object, now time.Time) *event.Change {
	l.Shadow, l.Generation, l.unmarked = theirs.Fields.Clone(), l.Desired.Generation, true
	seq := l.next()
	for _, field := range record.Patch(theirs.Fields).Paths() {
		value, ours := theirs.Fields[field], l.Desired.Fields[field]
		known := record.Inbound{Seq: seq, Value: value, Base: l.Desired.Version, At: now.UTC()}
		switch {
		case ours == value, ours != "" && l.Repair.Side == SideCatalog:
			continue
		case ours != "" && l.Repair.Side == SidePolicy:
			known.Base, known.At = 0, time.Time{}
		}
		l.setPending(field, known)
	}
	if len(l.Pending) == 0 {
		return nil
	}
	l.Seq = seq
	return l.allPending(remote)
}
