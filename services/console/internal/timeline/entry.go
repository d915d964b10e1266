// Package timeline tells the story of one record: it folds what the catalog and the connectors wrote down, each from its
// own point of view, into one list of changes with two sides. A change made in the catalog and what a connector did
// about it are one entry; so are a change seen at a remote and its arrival in the catalog.
package timeline

import (
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// Entry is one change, from where it was made to where it went.
type Entry struct {
	ID     string
	Left   bool // made in the catalog; else at a remote
	At     time.Time
	State  string // as of admin.Change, or mirrored, conflict, settled
	Op     string
	Origin string // who made it
	Remote string // the other side's name
	Quiet  bool   // nothing had to be done

	Version   int64
	Note      string // why nothing was done, or what became of it
	Fields    []admin.FieldDiff
	Attempts  []admin.Attempt
	Conflicts []admin.Conflict
	Latency   time.Duration // from one side to the other; 0 while under way

	RemoteID, EventID, RequestID, TraceID string
}

// ByHand reports whether an operator changed how the record takes part: no version of it travelled then.
func (e Entry) ByHand() bool { return ByHand(e.Op) }

// ByHand reports whether op is what an operator did to how a record takes part.
func ByHand(op string) bool { return deed(op) != "" }

// deed says what an operator did to how a record takes part; "" for what is no such operation.
func deed(op string) string {
	return map[string]string{
		"link": "linked to an object that was there", "unlink": "unlinked: nothing moves until it is linked again",
		"pause": "paused: nothing moves until it is resumed", "resume": "resumed",
	}[op]
}

// Names are the fields that the change is about.
func (e Entry) Names() []string {
	names := make([]string, 0, len(e.Fields))
	for _, f := range e.Fields {
		names = append(names, f.Field)
	}
	return names
}

// Title says in a word or two what the entry is about when it names no fields.
func (e Entry) Title() string {
	switch e.Op {
	case "create":
		return "created"
	case "delete":
		return "deleted"
	case "restore":
		return "restored"
	case "erase":
		return "erased"
	case "check":
		return "looked"
	}
	if title := deed(e.Op); title != "" {
		return title
	}
	return "version " + itoa(e.Version)
}
