package admin

import "time"

// Control is what operators want of all replicas of a service; it survives restarts. GET and PATCH
// /admin/v1/control (a merge patch: absent leaves, null goes back to the configured value).
type Control struct {
	Workers   *int      `json:"workers"    doc:"workers of each replica; null: as configured"`
	Rate      *float64  `json:"rate"       doc:"calls per second of each replica; null: as configured"`
	Outbound  bool      `json:"outbound"   doc:"false: nothing is written to the remote"`
	Inbound   bool      `json:"inbound"    doc:"false: notifications are stored and not acted on"`
	Drain     bool      `json:"drain"      doc:"true: finish what is being worked on and take nothing new"`
	Revision  int64     `json:"revision"   doc:"grows with each change"`
	UpdatedAt time.Time `json:"updated_at,omitzero"`
	UpdatedBy string    `json:"updated_by,omitempty"`
	Applied   int       `json:"applied"    doc:"live replicas that run by this revision"`
	Replicas  int       `json:"replicas"   doc:"live replicas"`
}

// Instance is one replica of a connector: GET /admin/v1/workers.
type Instance struct {
	Name      string     `json:"name"`
	Version   string     `json:"version"`
	StartedAt time.Time  `json:"started_at"`
	SeenAt    time.Time  `json:"seen_at"  doc:"a replica that was not seen for 15 s is not listed"`
	Workers   int        `json:"workers"  doc:"that it runs now"`
	Rate      float64    `json:"rate"     doc:"calls per second that it allows itself now"`
	Throttled int64      `json:"throttled" doc:"429 answers since its start"`
	Revision  int64      `json:"revision" doc:"of the Control that it runs by"`
	Breaker   Breaker    `json:"breaker"`
	InFlight  []InFlight `json:"in_flight"`
}

// InFlight is a record that a worker holds now.
type InFlight struct {
	Worker         int     `json:"worker"`
	RecordID       string  `json:"record_id"`
	Op             string  `json:"op,omitempty" doc:"the call under way"`
	ElapsedSeconds float64 `json:"elapsed_seconds"`
}
