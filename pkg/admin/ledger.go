package admin

import "time"

// Directions of changes.
const (
	Outbound = "outbound" // catalog to remote
	Inbound  = "inbound"  // remote to catalog
	Local    = "local"    // a write in the catalog itself
)

// States of changes.
const (
	StateAccepted  = "accepted"  // committed in the catalog
	StateSent      = "sent"      // inbound, at the connector: handed to the outbox
	StateApplied   = "applied"   // done
	StateSkipped   = "skipped"   // nothing had to be done; Skip says why
	StateRetrying  = "retrying"  // the last attempt failed and there will be another
	StateFailed    = "failed"    // parked
	StateDiscarded = "discarded" // an operator gave it up
)

// Change is one line of the ledger: a change of one record in one direction, as one service saw it.
// GET /admin/v1/changes, GET /admin/v1/changes/{id}.
type Change struct {
	ID        string      `json:"id"`
	At        time.Time   `json:"at"`
	Service   string      `json:"service"`
	Direction string      `json:"direction" enum:"local,outbound,inbound"`
	Kind      string      `json:"kind"      doc:"customer"`
	RecordID  string      `json:"record_id"`
	RemoteID  string      `json:"remote_id,omitempty"`
	Origin    string      `json:"origin"    doc:"who caused it: the name of an API key, or of a remote"`
	Op        string      `json:"op"        enum:"create,update,delete,restore,check,erase"`
	Version   int64       `json:"version"   doc:"outbound and local: the catalog's version; inbound: the connector's sequence number"`
	State     string      `json:"state"     enum:"accepted,sent,applied,skipped,retrying,failed,discarded"`
	Skip      string      `json:"skip,omitempty" doc:"why nothing was done: echo, nothing to push, duplicate, stale, ..."`
	Fields    []FieldDiff `json:"fields,omitempty" doc:"empty for those who may not see personal data"`
	EventID   string      `json:"event_id,omitempty"   doc:"the message, or the remote's notification (evt_...)"`
	RequestID string      `json:"request_id,omitempty" doc:"X-Request-Id of the REST call"`
	TraceID   string      `json:"trace_id,omitempty"`
	LatencyMS float64     `json:"latency_ms,omitempty" doc:"outbound, applied: from the catalog's commit to the remote's answer"`
	Attempts  []Attempt   `json:"attempts,omitempty"`
	Conflicts []Conflict  `json:"conflicts,omitempty"`
}

// FieldDiff is one field before and after; "" means absent.
type FieldDiff struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Attempt is one call to the remote.
type Attempt struct {
	ID         string    `json:"id"`
	ChangeID   string    `json:"change_id,omitempty"`
	RecordID   string    `json:"record_id"`
	Number     int       `json:"number"      doc:"1 for the first try"`
	Op         string    `json:"op"          doc:"create, update, delete, get, find, ..."`
	Worker     string    `json:"worker"      doc:"instance and worker"`
	StartedAt  time.Time `json:"started_at"`
	DurationMS float64   `json:"duration_ms"`
	Status     int       `json:"status"      doc:"HTTP status; 0 without an answer"`
	RequestID  string    `json:"request_id,omitempty" doc:"the remote's id of the request (req_...)"`
	Class      string    `json:"class,omitempty"      doc:"empty on success; else transient, throttled, permanent or operator"`
	Field      string    `json:"field,omitempty"`
	Error      string    `json:"error,omitempty"`
}

// ChangeFilter narrows a list of changes. Empty fields do not.
type ChangeFilter struct {
	Page
	Window
	RecordID  string
	Direction string
	State     string
	Search    string // a local id, a remote id, an event id, a request id or a trace id, exactly
}

// Conflict is a field that both sides changed without knowing of each other: GET /admin/v1/conflicts at the catalog.
type Conflict struct {
	ID             string    `json:"id"`
	At             time.Time `json:"at"`
	RecordID       string    `json:"record_id"`
	Remote         string    `json:"remote"`
	Field          string    `json:"field"`
	CatalogValue   string    `json:"catalog_value"`
	CatalogBy      string    `json:"catalog_by"`
	CatalogAt      time.Time `json:"catalog_at"`
	CatalogVersion int64     `json:"catalog_version"`
	RemoteValue    string    `json:"remote_value"`
	RemoteAt       time.Time `json:"remote_at"`
	Policy         string    `json:"policy"          enum:"catalog,remote,newest,manual"`
	Winner         string    `json:"winner"          doc:"catalog or the remote's name; empty while it is open"`
	ResolvedBy     string    `json:"resolved_by,omitempty" doc:"the operator, when it was settled by hand"`
}

// ResolveRequest settles an open conflict: POST /admin/v1/conflicts/{id}/resolve. Say either Take or Value.
type ResolveRequest struct {
	Take  string  `json:"take,omitempty"  doc:"whose value to take: catalog, or the remote's name"`
	Value *string `json:"value,omitempty" doc:"another value for both sides; empty clears the field; only for those who may see personal data"`
}

// ConflictFilter narrows a list of conflicts.
type ConflictFilter struct {
	Page
	RecordID string
	Open     bool // only those that wait for an operator
}

// AuditEntry is something an operator did: GET /admin/v1/audit.
type AuditEntry struct {
	ID     string         `json:"id"`
	At     time.Time      `json:"at"`
	Actor  string         `json:"actor"  doc:"name of the API key"`
	Action string         `json:"action" doc:"such as workers.scale, failures.retry, key.rotate"`
	Target string         `json:"target,omitempty"`
	Reason string         `json:"reason,omitempty"`
	Detail map[string]any `json:"detail,omitempty" doc:"no personal data"`
}
