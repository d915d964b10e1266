package connector

import (
	"time"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/record"
)

// link is the row of one record: what the catalog wants, what is known of the remote, and what is being done. The
// words are those of docs/sync-protocol.md.
type link struct {
	Kind    string
	LocalID string

	Desired        *event.Snapshot `gorm:"serializer:json"`
	DesiredVersion int64
	Checks         int64
	Overwritten    []overwrite `gorm:"serializer:json"`
	Bulk           bool
	Offered        bool
	Repair         *repair `gorm:"serializer:json"`
	Forced         int64
	Origin         *origin `gorm:"serializer:json"`
	EventID        string
	EventTrace     string // traceparent of what brought EventID

	RemoteID   string
	Shadow     record.Fields `gorm:"serializer:json"`
	Version    int64
	Generation int64
	Seq        int64
	Pending    map[string]record.Inbound `gorm:"serializer:json"`
	Intent     *intent                   `gorm:"serializer:json"`
	LastKey    string
	Pushes     []push `gorm:"serializer:json"`
	Doubt      *doubt `gorm:"serializer:json"`
	Checked    int64
	Gone       bool
	State      event.SyncState
	Error      *event.SyncError `gorm:"serializer:json"`
	Attempts   int
	Held       hold
	Marked     int64
	Line       *line `gorm:"serializer:json"`

	// What only people are interested in.
	Paused    bool
	Discarded *discarded `gorm:"serializer:json"`
	DueAt     *time.Time
	UpdatedAt time.Time

	LeaseToken  int64
	leasedUntil time.Time // by the clock of this process
	unmarked    bool      // the object was just linked and does not carry our mark yet
}

// hold says what a link waits for that rests only because an operator paused a direction.
type hold int

// The directions that a link can wait for.
const (
	holdOutbound hold = 1 << iota
	holdInbound
)

// operation is what an intent is about to do at the remote.
type operation string

const (
	opCreate operation = "create"
	opUpdate operation = "update"
	opDelete operation = "delete"
)

// intent is a write to the remote, frozen and committed before it is made, so that whoever finds it can make exactly
// the same call again.
type intent struct {
	Key       string        `json:"key"`
	Op        operation     `json:"op"`
	Fields    record.Fields `json:"fields,omitempty"` // opCreate: the whole record
	Patch     record.Patch  `json:"patch,omitempty"`  // opUpdate: what to change
	Version   int64         `json:"version"`          // the catalog version that the call brings to the remote
	Seq       int64         `json:"seq"`              // opUpdate: its number, from the sequence that also numbers the changes
	Seen      int64         `json:"seen,omitempty"`   // the last change of ours that this version contains
	CreatedAt time.Time     `json:"created_at"`
	// Look: the remote answered with a failure that it will replay under this key, so the effect is unknown. Look for
	// the object before anything else.
	Look bool `json:"look,omitempty"`
}

// doubt remembers a write whose outcome stayed unknown and whose key was given up. It may have happened, or happen
// later; values that turn up from it are our own and no edit by a person.
type doubt struct {
	Patch record.Patch `json:"patch"`
	Since time.Time    `json:"since"`
}

func (in *intent) call(localID string) Call {
	return Call{Key: in.Key, LocalID: localID, Version: in.Version, CreatedAt: in.CreatedAt}
}
