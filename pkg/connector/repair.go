package connector

import (
	"github.com/datasync-dev/datasync/pkg/record"
)

// A comparison never writes to the remote or to the catalog itself. It leaves a repair on a link at rest, and the
// worker's next turn settles it: under the link's lease, after a look at the remote, and only where both sides still
// are as the comparison saw them. Whatever has moved since takes the normal path.

// Side says whose value a repair takes where the two differ.
type Side string

// The sides.
const (
	SideCatalog Side = "catalog" // push the catalog's value again
	SideRemote  Side = "remote"  // tell the catalog the remote's value
	SidePolicy  Side = "policy"  // treat the difference as a change that nobody has heard of yet
)

// repair is what a comparison wants settled.
type repair struct {
	Job     string       `json:"job"`
	Finding int64        `json:"finding"`
	Side    Side         `json:"side"`
	Version int64        `json:"version"`          // of the catalog, when the two were compared
	Fields  record.Patch `json:"fields,omitempty"` // what differed, with the remote's values; "" where it has none
	Create  bool         `json:"create,omitempty"` // the remote has no object: make one
	Adopt   bool         `json:"adopt,omitempty"`  // the object was just linked: bring the two together
}

// repairable reports whether the catalog still wants what the comparison saw.
func (l *link) repairable() bool {
	return l.Repair != nil && !l.Gone && l.Desired != nil && !l.Desired.Deleted && l.Desired.Version == l.Repair.Version
}

// parted takes leave of an object that is gone without telling the catalog: because a comparison asked for a new one, or
// because it was to be adopted and never belonged to the record. False: the record itself is gone.
func (l *link) parted() bool {
	anew := l.repairable() && l.Repair.Create
	if !anew && !l.adopting() {
		return false
	}
	l.RemoteID, l.Shadow, l.Pending, l.Pushes, l.Version = "", nil, nil, nil, 0
	return true
}

// prepareRepair sets the shadow so that what follows treats the fields in question as the side says: a field whose shadow
// equals the remote's value is pushed, one whose shadow equals the catalog's is told.
func (l *link) prepareRepair(theirs Object) {
	if !l.repairable() {
		return
	}
	for _, field := range l.Repair.Fields.Paths() {
		seen, ours := l.Repair.Fields[field], l.Desired.Fields[field]
		if _, told := l.Pending[field]; told || theirs.Fields[field] != seen || ours == seen {
			continue // moved since: the normal path decides
		}
		switch l.Repair.Side {
		case SideCatalog:
			l.Shadow = l.Shadow.Apply(record.Patch{field: seen})
		case SideRemote:
			l.Shadow = l.Shadow.Apply(record.Patch{field: ours})
		case SidePolicy: // the shadow tells which side has moved
		}
	}
}

// settleRepair ends a repair after the look. What the shadow still differs in has to be pushed, also when the remote
// was taken to reflect the catalog's version.
func (l *link) settleRepair(remote string) {
	if l.repairable() && l.RemoteID != "" && len(l.patch(remote, 0)) > 0 {
		l.Version = min(l.Version, l.Desired.Version-1)
	}
	l.Repair = nil
}
