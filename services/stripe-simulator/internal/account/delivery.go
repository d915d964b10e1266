package account

import (
	"slices"
	"strings"
	"time"
)

// The states of a delivery.
const (
	Pending   = "pending"
	Succeeded = "succeeded"
	Failed    = "failed" // given up, dropped, or its endpoint was disabled or deleted
)

// Delivery is the hand-over of one event to one endpoint. It is replaced, never changed.
type Delivery struct {
	EventID    string    `json:"event"`
	EndpointID string    `json:"endpoint"`
	Status     string    `json:"status"`
	Attempts   int       `json:"attempts"`
	HTTPStatus int       `json:"http_status,omitempty"` // of the last attempt; 0 without an answer
	Error      string    `json:"error,omitempty"`       // of the last attempt
	Since      time.Time `json:"since"`
	Due        time.Time `json:"due,omitzero"`
}

// dispatch makes deliveries for all endpoints that want the event. The lock is held.
func (d *Side) dispatch(e *Event) {
	var jobs []Job
	for _, endpoint := range d.endpoints {
		if endpoint.Status != Enabled || !endpoint.wants(e.Type) {
			continue
		}
		v := &Delivery{EventID: e.ID, EndpointID: endpoint.ID, Status: Pending, Since: time.Now()}
		d.deliveries[e.ID] = append(d.deliveries[e.ID], v)
		d.counts.Pending++
		jobs = append(jobs, d.job(v))
	}
	if len(jobs) > 0 {
		d.store.courier.Send(jobs)
	}
}

func (d *Side) job(v *Delivery) Job {
	return Job{Livemode: d.livemode, EventID: v.EventID, EndpointID: v.EndpointID, Attempts: v.Attempts, Since: v.Since, Due: v.Due}
}

// Resend hands an event to every enabled endpoint once more, whatever happened to it before; it returns how many.
func (d *Side) Resend(eventID string) (int, bool) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	if d.eventIndex[eventID] == nil {
		return 0, false
	}
	var jobs []Job
	for _, endpoint := range d.endpoints {
		if endpoint.Status == Enabled {
			jobs = append(jobs, Job{Livemode: d.livemode, EventID: eventID, EndpointID: endpoint.ID, Resend: true})
		}
	}
	if len(jobs) > 0 {
		d.store.courier.Send(jobs)
	}
	return len(jobs), true
}

// Deliveries returns what is known of the deliveries of an event.
func (d *Side) Deliveries(eventID string) []Delivery {
	d.store.mu.RLock()
	defer d.store.mu.RUnlock()
	out := make([]Delivery, 0, len(d.deliveries[eventID]))
	for _, v := range d.deliveries[eventID] {
		out = append(out, *v)
	}
	return out
}

// Outgoing is what an attempt needs.
type Outgoing struct {
	Event    Event
	Endpoint Endpoint
}

// Outgoing returns event and endpoint for an attempt, or false when there is nothing to do any more.
func (d *Side) Outgoing(j Job) (Outgoing, bool) {
	d.store.mu.RLock()
	defer d.store.mu.RUnlock()
	e, endpoint := d.eventIndex[j.EventID], d.endpoint(j.EndpointID)
	if e == nil || endpoint == nil || endpoint.Status != Enabled {
		return Outgoing{}, false
	}
	out := Outgoing{Event: *d.shown(e), Endpoint: *endpoint}
	if endpoint.APIVersion != "" {
		out.Event.APIVersion = string(endpoint.APIVersion)
	}
	return out, true
}

// Outcome is how an attempt went.
type Outcome struct {
	OK         bool
	HTTPStatus int
	Error      string
	Retry      time.Time     // when to try again; zero: give up
	Disable    time.Duration // an endpoint that failed for so long is disabled; 0: never
}

// Record notes an attempt. again is false when no further attempt is to be made; disabled is true when this attempt was
// one too many for the endpoint.
func (d *Side) Record(j Job, o Outcome) (again, disabled bool) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	if d.eventIndex[j.EventID] == nil {
		return false, false // forgotten meanwhile
	}
	d.store.changed()
	if o.OK {
		d.counts.Delivered++
	} else {
		d.counts.FailedAttempts++
	}
	endpoint := d.endpoint(j.EndpointID)
	d.update(j.EventID, j.EndpointID, func(v *Delivery) {
		v.Attempts++
		v.HTTPStatus, v.Error, v.Due = o.HTTPStatus, o.Error, time.Time{}
		switch {
		case o.OK:
			v.Status = Succeeded
		case v.Status != Pending || j.Resend: // a copy that failed decides nothing
		case o.Retry.IsZero() || endpoint == nil:
			v.Status = Failed
		default:
			v.Due, again = o.Retry, true
		}
	})
	if endpoint == nil {
		return false, false
	}
	disabled = d.judge(endpoint, o)
	return again && !disabled, disabled
}

// Drop notes that a delivery was lost on purpose.
func (d *Side) Drop(j Job) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	d.store.changed()
	d.counts.Dropped++
	d.update(j.EventID, j.EndpointID, func(v *Delivery) { v.Status, v.Error = Failed, "dropped by the knob webhook_drop_rate" })
}

// Unfinished returns the jobs of all pending deliveries, oldest first: what has to be sent after a restart.
func (d *Side) Unfinished() []Job {
	d.store.mu.RLock()
	defer d.store.mu.RUnlock()
	var jobs []Job
	for _, e := range d.events {
		for _, v := range d.deliveries[e.ID] {
			if v.Status == Pending {
				jobs = append(jobs, d.job(v))
			}
		}
	}
	return jobs
}

// update replaces a delivery by a changed copy and keeps the count of pending ones. The lock is held.
func (d *Side) update(eventID, endpointID string, change func(*Delivery)) {
	list := d.deliveries[eventID]
	i := slices.IndexFunc(list, func(v *Delivery) bool { return v.EndpointID == endpointID })
	if i < 0 {
		return
	}
	n := *list[i]
	change(&n)
	if list[i].Status == Pending && n.Status != Pending {
		d.counts.Pending--
	}
	list = slices.Clone(list)
	list[i] = &n
	d.deliveries[eventID] = list
}

// typeMatches understands "*" and "customer.*" beside plain type names.
func typeMatches(pattern, kind string) bool {
	if stem, open := strings.CutSuffix(pattern, "*"); open {
		return strings.HasPrefix(kind, stem)
	}
	return pattern == kind
}
