package admin

import "time"

// Job is long work that an operator asked for: GET /admin/v1/jobs, GET /admin/v1/jobs/{id},
// POST /admin/v1/jobs/{id}/cancel. It survives restarts: another replica goes on where it stood.
type Job struct {
	ID         string           `json:"id"`
	Kind       string           `json:"kind"  enum:"reconcile,retry,discard,replay,backfill,export,import"`
	State      string           `json:"state" enum:"queued,running,done,failed,cancelled"`
	Done       int64            `json:"done"`
	Total      int64            `json:"total"  doc:"an estimate; 0 while unknown"`
	Counts     map[string]int64 `json:"counts,omitempty" doc:"by outcome"`
	Error      string           `json:"error,omitempty"`
	CreatedAt  time.Time        `json:"created_at"`
	CreatedBy  string           `json:"created_by"`
	StartedAt  time.Time        `json:"started_at,omitzero"`
	FinishedAt time.Time        `json:"finished_at,omitzero"`
	Reconcile  *Reconcile       `json:"reconcile,omitempty"`
}

// ReconcileRequest starts a comparison of everything: POST /admin/v1/reconciles. The answer is its Job.
type ReconcileRequest struct {
	Repair      string   `json:"repair,omitempty" enum:",catalog,remote,policy" doc:"empty: only report; else which side wins where they differ"`
	Adopt       string   `json:"adopt,omitempty"  enum:",mark,email,external_id" doc:"how objects that are not linked are matched with customers of the catalog; empty: not at all"`
	ExternalKey string   `json:"external_key,omitempty" maxLength:"40" doc:"with adopt=external_id: the metadata key at the remote whose value is the customer's id, or equals the customer's own metadata under that key"`
	Orphans     string   `json:"orphans,omitempty" enum:",create,ignore" doc:"objects that match nothing: create takes them into the catalog, and brings customers that the remote lacks to it; empty: only report"`
	Plan        string   `json:"plan,omitempty"   doc:"id of an earlier dry run: repair exactly what it found, unless it changed since"`
	Rate        float64  `json:"rate,omitempty"   minimum:"0" doc:"calls per second; 0: a quarter of the connector's rate"`
	Only        []string `json:"only,omitempty"   maxItems:"1000" doc:"ids of records; empty: all"`
}

// BackfillRequest tells the connectors about every customer again: POST /admin/v1/backfill at the catalog. The answer is
// its Job.
type BackfillRequest struct {
	Offer bool    `json:"offer,omitempty" doc:"make no object for a customer that has none: a reconcile matches it with one that is there, or makes it"`
	Rate  float64 `json:"rate,omitempty"  minimum:"0" doc:"customers per second; 0: 200"`
}

// Reconcile is what a comparison found, and honestly what it did not reach.
type Reconcile struct {
	ReconcileRequest
	Pages      int64            `json:"pages"      doc:"read from the remote"`
	Compared   int64            `json:"compared"   doc:"linked records that were compared"`
	Equal      int64            `json:"equal"`
	Moving     int64            `json:"moving"     doc:"changed while the run went on; left to the sync"`
	Drifted    int64            `json:"drifted"`
	Fields     map[string]int64 `json:"fields,omitempty" doc:"drift by field"`
	OnlyRemote int64            `json:"only_remote" doc:"objects without a customer"`
	OnlyLocal  int64            `json:"only_local"  doc:"customers whose object is missing"`
	Duplicates int64            `json:"duplicates"  doc:"objects that carry the mark of a record that is linked to another one"`
	Ambiguous  int64            `json:"ambiguous"   doc:"matches that were not taken because there is more than one"`
	Repaired   int64            `json:"repaired"`
	Adopted    int64            `json:"adopted"`
	Refused    int64            `json:"refused"     doc:"repairs of a plan that were not made because the record moved since"`
	Unreached  string           `json:"unreached,omitempty" doc:"what the run did not reach, and why"`
}

// Finding is one difference: GET /admin/v1/reconciles/{id}/findings, in the order of the listing.
type Finding struct {
	Kind       string      `json:"kind" enum:"drift,only_remote,only_local,duplicate,ambiguous,match"`
	RecordID   string      `json:"record_id,omitempty"`
	RemoteID   string      `json:"remote_id,omitempty"`
	Fields     []FieldDiff `json:"fields,omitempty" doc:"before is the catalog's value, after the remote's"`
	Candidates []string    `json:"candidates,omitempty" doc:"records that an object could belong to"`
	Outcome    string      `json:"outcome,omitempty"    doc:"reported, repaired, adopted, refused, moving"`
}

// DeadLetter is a message that could not be handled: GET /admin/v1/dead-letters, GET /admin/v1/dead-letters/{id},
// POST /admin/v1/dead-letters/replay, POST /admin/v1/dead-letters/{id}/discard.
type DeadLetter struct {
	ID         string            `json:"id"`
	At         time.Time         `json:"at"       doc:"when it was given up"`
	Queue      string            `json:"queue"    doc:"that it was consumed from, and goes back to"`
	Exchange   string            `json:"exchange"`
	Key        string            `json:"key"`
	MessageID  string            `json:"message_id"`
	Reason     string            `json:"reason"`
	State      string            `json:"state" enum:"waiting,replayed,discarded"`
	Bytes      int               `json:"bytes"`
	Headers    map[string]string `json:"headers,omitempty"`
	Body       string            `json:"body,omitempty" doc:"only from GET /admin/v1/dead-letters/{id}, for those who may see personal data"`
	SettledBy  string            `json:"settled_by,omitempty"`
	SettledAt  time.Time         `json:"settled_at,omitzero"`
	SettledFor string            `json:"settled_for,omitempty" doc:"the reason given for a discard"`
}

// ReplayRequest sends dead letters to their queue again. The answer is the Job that does it.
type ReplayRequest struct {
	IDs    []string `json:"ids,omitempty" maxItems:"1000"`
	All    bool     `json:"all,omitempty"`
	Rate   float64  `json:"rate,omitempty" minimum:"0" doc:"messages per second; 0: no limit"`
	DryRun bool     `json:"dry_run,omitempty"`
}

// Key is an API key: GET and POST /admin/v1/keys, POST /admin/v1/keys/{id}/rotate, DELETE /admin/v1/keys/{id}.
type Key struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Prefix    string    `json:"prefix"  doc:"the first characters of the secret, to tell keys apart"`
	Scopes    []string  `json:"scopes"`
	CreatedAt time.Time `json:"created_at"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
	RevokedAt time.Time `json:"revoked_at,omitzero"`
	UsedAt    time.Time `json:"used_at,omitzero" doc:"to the minute"`
	Secret    string    `json:"secret,omitempty" doc:"only in the answer that made it; it cannot be had again"`
}

// KeyRequest makes a key.
type KeyRequest struct {
	Name      string    `json:"name"   minLength:"1" maxLength:"100"`
	Scopes    []string  `json:"scopes" minItems:"1"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// RotateRequest makes a new secret for a key; the old one works on for the overlap.
type RotateRequest struct {
	OverlapSeconds int `json:"overlap_seconds" minimum:"0" maximum:"2592000" doc:"how long the old secret still works"`
}

// WebhookEndpoint is the connector's endpoint at the remote: GET, PUT /admin/v1/webhook-endpoint.
type WebhookEndpoint struct {
	ID      string   `json:"id,omitempty"`
	URL     string   `json:"url"`
	Enabled bool     `json:"enabled"`
	Events  []string `json:"events,omitempty"`
	Problem string   `json:"problem,omitempty" doc:"disabled, missing types, another API version, ...; and what to do"`
	Secret  string   `json:"secret,omitempty"  doc:"only when this request made the endpoint; add it to STRIPE_WEBHOOK_SECRET"`
}
