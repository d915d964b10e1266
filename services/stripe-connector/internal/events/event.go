// Package events reads what Stripe tells about customers, as a webhook delivers it or as the list of events holds it.
package events

import (
	"encoding/json"
	"regexp"
)

// Event is as much of an event as is needed here. The library's type refuses whole events for details that do not
// matter: a request that is a string, as in old API versions, or empty data, as in thin events.
type Event struct {
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	APIVersion string          `json:"api_version"`
	Account    string          `json:"account"` // a connected account, if it happened there
	Livemode   bool            `json:"livemode"`
	Created    int64           `json:"created"`
	Data       json.RawMessage `json:"data"`
	Request    json.RawMessage `json:"request"`
}

// name is the shape of an id, a type or a key: anything else does not come from Stripe and may not fit in the database.
var name = regexp.MustCompile(`^[\x21-\x7e]{1,255}$`)

// Parse reads an event. It is false for anything that does not have an id and a type.
func Parse(body []byte) (Event, bool) {
	var e Event
	if err := json.Unmarshal(body, &e); err != nil {
		return Event{}, false
	}
	return e, name.MatchString(e.ID) && name.MatchString(e.Type)
}

// data is what the event is about: the object as it was when the event arose, and what it was before.
type data struct {
	Object   json.RawMessage `json:"object"`
	Previous json.RawMessage `json:"previous_attributes"`
}

func (e Event) data() (d data) {
	if err := json.Unmarshal(e.Data, &d); err != nil {
		return data{}
	}
	return d
}

// key is the idempotency key of the call that caused the event, if a call did.
func (e Event) key() string {
	var request struct {
		IdempotencyKey string `json:"idempotency_key"`
	}
	if err := json.Unmarshal(e.Request, &request); err != nil || !name.MatchString(request.IdempotencyKey) {
		return ""
	}
	return request.IdempotencyKey
}
