package account

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Event tells that something happened, frozen at that moment. PendingWebhooks is filled in when it is shown.
type Event struct {
	ID              string       `json:"id"`
	Object          string       `json:"object"`
	APIVersion      string       `json:"api_version"`
	Created         int64        `json:"created"`
	Data            EventData    `json:"data"`
	Livemode        bool         `json:"livemode"`
	PendingWebhooks int          `json:"pending_webhooks"`
	Request         EventRequest `json:"request"`
	Type            string       `json:"type"`

	pos int64
}

// EventData is the object as it was, and on updates the old values of what changed.
type EventData struct {
	Object             json.RawMessage `json:"object"`
	PreviousAttributes json.RawMessage `json:"previous_attributes,omitempty"`
}

// EventRequest is the call that caused the event; both are null when no call of the API did.
type EventRequest struct {
	ID             Text `json:"id"`
	IdempotencyKey Text `json:"idempotency_key"`
}

func (e *Event) position() int64 { return e.pos }

// retention is how long Stripe keeps events.
const retention = 30 * 24 * time.Hour

// emit stores an event and hands it to the courier. The lock is held.
func (d *Side) emit(kind string, object json.RawMessage, previous map[string]any, origin Origin) error {
	now := d.store.now()
	e := &Event{
		ID: NewID("evt_1", 23), Object: "event", APIVersion: APIVersion, Created: now.Unix(), Livemode: d.livemode, Type: kind,
		Data: EventData{Object: object}, Request: EventRequest{ID: Text(origin.RequestID), IdempotencyKey: Text(origin.Key)}, pos: d.next(),
	}
	if previous != nil {
		raw, err := json.Marshal(previous)
		if err != nil {
			return fmt.Errorf("render previous attributes: %w", err)
		}
		e.Data.PreviousAttributes = raw
	}
	d.forgetEvents(now)
	d.events = append(d.events, e)
	d.eventIndex[e.ID] = e
	d.dispatch(e)
	d.store.changed()
	return nil
}

func (d *Side) forgetEvents(now time.Time) {
	oldest := now.Add(-retention).Unix()
	n := 0
	for n < len(d.events) && d.events[n].Created < oldest {
		id := d.events[n].ID
		for _, v := range d.deliveries[id] {
			if v.Status == Pending {
				d.counts.Pending--
			}
		}
		delete(d.eventIndex, id)
		delete(d.deliveries, id)
		n++
	}
	d.events = d.events[n:]
}

// Emit stores an event of any type about any object: for trying how others take what they do not know.
func (d *Side) Emit(kind string, object json.RawMessage) (*Event, error) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	if err := d.emit(kind, object, nil, Origin{}); err != nil {
		return nil, err
	}
	return d.shown(d.events[len(d.events)-1]), nil
}

// EventFilter selects events of a listing.
type EventFilter struct {
	Types     []string // empty for all
	Created   Created
	Delivered *bool  // true: every webhook was delivered; false: one is pending or failed
	About     string // id of the object; "" for all
}

// Events lists events, newest first.
func (d *Side) Events(f EventFilter, r Range) Page[*Event] {
	d.store.mu.RLock()
	defer d.store.mu.RUnlock()
	out := page(d.events, r, func(e *Event) bool {
		return (len(f.Types) == 0 || slices.ContainsFunc(f.Types, func(t string) bool { return typeMatches(t, e.Type) })) &&
			f.Created.Match(e.Created) && (f.Delivered == nil || *f.Delivered == d.delivered(e.ID)) && e.about(f.About)
	})
	for i, e := range out.Data {
		out.Data[i] = d.shown(e)
	}
	return out
}

// Event returns one event, or false.
func (d *Side) Event(id string) (*Event, bool) {
	d.store.mu.RLock()
	defer d.store.mu.RUnlock()
	e := d.eventIndex[id]
	if e == nil {
		return nil, false
	}
	return d.shown(e), true
}

// EventPosition returns an event's place in the listing.
func (d *Side) EventPosition(id string) (int64, bool) {
	d.store.mu.RLock()
	defer d.store.mu.RUnlock()
	if e := d.eventIndex[id]; e != nil {
		return e.pos, true
	}
	return 0, false
}

// about tells whether the object has the id. Objects are rendered by this package: the id comes first.
func (e *Event) about(id string) bool {
	return id == "" || bytes.HasPrefix(e.Data.Object, []byte(`{"id":"`+id+`"`))
}

func (d *Side) shown(e *Event) *Event {
	shown := *e
	for _, delivery := range d.deliveries[e.ID] {
		if delivery.Status != Succeeded {
			shown.PendingWebhooks++
		}
	}
	return &shown
}

func (d *Side) delivered(eventID string) bool {
	return !slices.ContainsFunc(d.deliveries[eventID], func(v *Delivery) bool { return v.Status != Succeeded })
}
