package admin

import "time"

// Link is one record at one connector: GET /admin/v1/links, GET /admin/v1/links/{record_id}.
type Link struct {
	RecordID       string    `json:"record_id"`
	Kind           string    `json:"kind"`
	RemoteID       string    `json:"remote_id,omitempty"`
	RemoteURL      string    `json:"remote_url,omitempty" doc:"the object's page in the remote's dashboard"`
	State          string    `json:"state" enum:"pending,synced,retrying,failed,discarded,deleted,detached"`
	Version        int64     `json:"version"         doc:"the catalog version that the remote reflects"`
	DesiredVersion int64     `json:"desired_version" doc:"the newest catalog version that has arrived"`
	Attempts       int       `json:"attempts"        doc:"failures in a row"`
	Paused         bool      `json:"paused"          doc:"an operator stopped this record"`
	DueAt          time.Time `json:"due_at,omitzero" doc:"when it is tried next; absent at rest"`
	UpdatedAt      time.Time `json:"updated_at,omitzero"`
	Error          *Failure  `json:"error,omitempty"`

	Discarded *Discarded `json:"discarded,omitempty" doc:"who accepts that it is not in sync; only in the state discarded"`

	// Only from GET /admin/v1/links/{record_id}.
	Desired map[string]string `json:"desired,omitempty" doc:"what the catalog wants"`
	Shadow  map[string]string `json:"shadow,omitempty"  doc:"the remote as last observed"`
	Remote  map[string]string `json:"remote,omitempty"  doc:"the remote as it is now; only with remote=now"`
	Gone    bool              `json:"gone,omitempty"    doc:"there is no such object at the remote (any more)"`
	Pending []string          `json:"pending,omitempty" doc:"fields that moved at the remote and that the catalog has yet to apply"`
	Intent  string            `json:"intent,omitempty"  doc:"the call that was begun and has no answer yet"`
}

// Failure is why a record is not in sync.
type Failure struct {
	Class   string `json:"class"`
	Field   string `json:"field,omitempty"`
	Reason  string `json:"reason"`
	Attempt int    `json:"attempt"`
	Version int64  `json:"version"`
}

// Discarded is who gave a parked record up, and why.
type Discarded struct {
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// LinkFilter narrows a list of links.
type LinkFilter struct {
	Page
	State       string // or paused
	RemoteID    string
	Class       string
	Field       string
	Fingerprint string // of a FailureGroup
}

// FailureGroup is all records that fail for the same reason: GET /admin/v1/failures.
type FailureGroup struct {
	Fingerprint string    `json:"fingerprint" doc:"of class, field and reason"`
	Class       string    `json:"class"`
	Field       string    `json:"field,omitempty"`
	Reason      string    `json:"reason"`
	Count       int64     `json:"count"`
	FirstSeen   time.Time `json:"first_seen"`
	LastSeen    time.Time `json:"last_seen"`
	Sample      []string  `json:"sample" doc:"ids of up to five records"`
	Fix         string    `json:"fix"    doc:"what to do"`
}

// RetryRequest un-parks records: POST /admin/v1/failures/retry. The answer is the Job that does it. An empty selection
// is refused: say All.
type RetryRequest struct {
	RecordIDs   []string `json:"record_ids,omitempty"  maxItems:"1000"`
	Fingerprint string   `json:"fingerprint,omitempty"`
	All         bool     `json:"all,omitempty"`
	Discarded   bool     `json:"discarded,omitempty" doc:"what was discarded, instead of what fails"`
	Rate        float64  `json:"rate,omitempty" minimum:"0" doc:"records per second; 0: as fast as the workers can"`
	DryRun      bool     `json:"dry_run,omitempty" doc:"only count"`
}

// DiscardRequest accepts that parked records are not in sync: POST /admin/v1/failures/discard. The answer is the Job that
// does it. An empty selection is refused: say All.
type DiscardRequest struct {
	RecordIDs   []string `json:"record_ids,omitempty"  maxItems:"1000"`
	Fingerprint string   `json:"fingerprint,omitempty"`
	All         bool     `json:"all,omitempty"`
	Reason      string   `json:"reason" minLength:"1" maxLength:"200" doc:"why it can be left so: shown with the record, in the ledger and in the audit"`
	Rate        float64  `json:"rate,omitempty" minimum:"0" doc:"records per second; 0: as fast as the database can"`
	DryRun      bool     `json:"dry_run,omitempty" doc:"only count"`
}

// MaxReason is how many characters the reason of a DiscardRequest may have.
const MaxReason = 200

// Actions on one link: POST /admin/v1/links/{record_id}/{action}.
const (
	ActionPush   = "push"   // bring the catalog's state to the remote now
	ActionPull   = "pull"   // read the remote now
	ActionRetry  = "retry"  // un-park
	ActionPause  = "pause"  // leave the record alone until it is resumed
	ActionResume = "resume" //
	ActionUnlink = "unlink" // forget the remote object, leaving it alone
)

// ReasonRequest goes with actions that discard something.
type ReasonRequest struct {
	Reason string `json:"reason" minLength:"1" maxLength:"500"`
}
