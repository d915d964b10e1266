package admin

import "time"

// Status is the state of one service: GET /admin/v1/status. It is cheap: nothing in it counts a large table.
type Status struct {
	Service   string    `json:"service"              doc:"catalog, or the connector's name such as stripe"`
	Role      string    `json:"role"                 enum:"catalog,connector"`
	Version   string    `json:"version"              doc:"of the program"`
	StartedAt time.Time `json:"started_at"           doc:"of the replica that answered"`
	Checks    []Check   `json:"checks"               doc:"what /readyz?verbose says"`
	Hops      []Hop     `json:"hops"                 doc:"where work waits, in the order in which it travels"`
	Records   Records   `json:"records"`
	Breaker   *Breaker  `json:"breaker,omitempty"    doc:"connectors only"`
	Paused    []string  `json:"paused"               doc:"directions that an operator stopped: outbound, inbound"`
	Draining  bool      `json:"draining,omitempty"   doc:"connectors only: an operator lets it finish what it holds and take nothing new"`
	Feed      *Feed     `json:"feed,omitempty"       doc:"connectors only: the remote's list of events"`
	RemoteURL string    `json:"remote_url,omitempty" doc:"connectors only: the remote's own web page, for links"`
}

// Check is one part that a service needs.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty" doc:"what is wrong and what to do"`
}

// Hop is a place where work waits.
type Hop struct {
	Name          string  `json:"name"           doc:"outbox, events queue, due links, changes queue, ..."`
	Depth         int64   `json:"depth"          doc:"how much waits; counted up to 10,000"`
	OldestSeconds float64 `json:"oldest_seconds" doc:"age of the oldest; 0 when empty or unknown"`
	Problem       string  `json:"problem,omitempty"`
}

// Records says how many records are in which state. Total is an estimate above 10,000; the others are exact up to
// 10,000.
type Records struct {
	Total     int64 `json:"total"`
	Pending   int64 `json:"pending"`
	Retrying  int64 `json:"retrying"`
	Failed    int64 `json:"failed"`
	Discarded int64 `json:"discarded" doc:"that an operator accepts as they are"`
	Conflicts int64 `json:"conflicts" doc:"with a field whose conflict waits for an operator, else in sync; catalog only"`
	Paused    int64 `json:"paused"`
}

// InSync is how many records are in no other state. As the catalog tells, they are the same on all sides.
func (r Records) InSync() int64 {
	return max(0, r.Total-r.Pending-r.Retrying-r.Failed-r.Discarded-r.Conflicts)
}

// Breaker is why a connector makes no calls for now.
type Breaker struct {
	Open   bool      `json:"open"`
	Class  string    `json:"class,omitempty"  doc:"transient: the remote is down; operator: a person has to act"`
	Reason string    `json:"reason,omitempty"`
	Since  time.Time `json:"since,omitzero"`
}

// Feed is how far a connector has read the remote's list of events.
type Feed struct {
	PolledAt  time.Time `json:"polled_at,omitzero"`
	Gap       string    `json:"gap,omitempty"        doc:"why a full reconcile is due; empty when it is not"`
	NoticedAt time.Time `json:"noticed_at,omitzero" doc:"when the last webhook came in"`
}

// Point is one minute of a service's work: GET /admin/v1/series.
type Point struct {
	At       time.Time        `json:"at"                doc:"the minute's beginning"`
	Outbound int64            `json:"outbound"          doc:"changes brought to the remote"`
	Inbound  int64            `json:"inbound"           doc:"changes taken from the remote"`
	Waiting  *Waiting         `json:"waiting,omitempty" doc:"what waited at this service, at most; absent when nobody looked"`
	Errors   map[string]int64 `json:"errors,omitempty" doc:"failed attempts by class"`
	Latency  []int64          `json:"latency,omitempty" doc:"histogram of commit-to-mirrored; bucket i holds up to LatencyBounds[i] seconds, the last one everything above; histograms add up"`
	Calls    []int64          `json:"calls,omitempty"   doc:"histogram of the remote's answers, same buckets"`
}

// Waiting is how much is on its way in each direction, counted up to 10,000 at each place.
type Waiting struct {
	Outbound int64 `json:"outbound"`
	Inbound  int64 `json:"inbound"`
}

// LatencyBounds are the upper bounds of the buckets of Point's histograms, in seconds: four to each doubling from 1 ms
// to 18 minutes, so that a percentile is at most 19 % off.
func LatencyBounds() []float64 {
	bounds := make([]float64, 0, 81)
	bound := 0.001
	for range 81 {
		bounds = append(bounds, bound)
		bound *= 1.189207115002721 // the fourth root of 2
	}
	return bounds
}

// Queue is one of our own queues: GET /admin/v1/queues.
type Queue struct {
	Name      string `json:"name"`
	Messages  int    `json:"messages"`
	Consumers int    `json:"consumers"`
	Expected  bool   `json:"expected"          doc:"declared as this version of the program expects"`
	Problem   string `json:"problem,omitempty" doc:"what differs and what to do"`
	UI        string `json:"ui,omitempty"      doc:"its page in RabbitMQ's management UI"`
}

// Setting is one line of the effective configuration: GET /admin/v1/config.
type Setting struct {
	Name    string `json:"name"`
	Value   string `json:"value"   doc:"secrets are masked"`
	Default string `json:"default,omitempty"`
	Secret  bool   `json:"secret"`
	Doc     string `json:"doc,omitempty" doc:"what it is for"`
}
