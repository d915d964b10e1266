package webhook

import (
	"encoding/json"
	"regexp"

	"github.com/datasync-dev/datasync/pkg/connector"
)

// event is as much of an event as is needed. The library's type refuses whole events for details that do not matter
// here: a request that is a string, as in old API versions, or empty data, as in thin events.
type event struct {
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	APIVersion string          `json:"api_version"`
	Account    string          `json:"account"`
	Livemode   bool            `json:"livemode"`
	Data       json.RawMessage `json:"data"`
	Request    json.RawMessage `json:"request"`
}

// name is the shape of an event's id and type: anything else does not come from Stripe and may not fit in the database.
var name = regexp.MustCompile(`^[\x21-\x7e]{1,200}$`)

func parse(body []byte) (event, bool) {
	var e event
	if err := json.Unmarshal(body, &e); err != nil {
		return event{}, false
	}
	return e, name.MatchString(e.ID) && name.MatchString(e.Type)
}

// object is the raw object that the event is about; nil when it has none.
func (e event) object() json.RawMessage {
	var data struct {
		Object json.RawMessage `json:"object"`
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return nil
	}
	return data.Object
}

// key is the idempotency key of the call that caused the event, if a call did.
func (e event) key() string {
	var request struct {
		IdempotencyKey string `json:"idempotency_key"`
	}
	if err := json.Unmarshal(e.Request, &request); err != nil || !name.MatchString(request.IdempotencyKey) {
		return ""
	}
	return request.IdempotencyKey
}

// The events that are about customers. Others begin with "customer." too: subscriptions, sources, tax ids.
const (
	customerCreated = "customer.created"
	customerUpdated = "customer.updated"
	customerDeleted = "customer.deleted"
)

// notice says what the event means here. What it does not concern us is stored all the same: an answer other than 2xx
// would make Stripe send it for days and then give the endpoint up.
func (h *Handler) notice(e event) connector.Notice {
	n := connector.Notice{EventID: e.ID, Type: e.Type, Key: e.key()}
	switch {
	case e.Type != customerCreated && e.Type != customerUpdated && e.Type != customerDeleted:
		n.Ignore = "not about a customer's own fields"
		return n
	case e.Account != "":
		n.Ignore = "about a connected account"
		return n
	}
	id, localID, fields, err := h.o.Decode(e.object())
	switch {
	case err != nil || !name.MatchString(id):
		n.Ignore = "names no customer"
		return n
	case e.Livemode != h.o.Livemode:
		n.RemoteID, n.Ignore = id, "from test mode, but the API key is for live mode"
		if e.Livemode {
			n.Ignore = "from live mode, but the API key is for test mode"
		}
		return n
	}
	n.RemoteID, n.LocalID = id, localID
	if e.Type == customerDeleted {
		n.Gone = true
	} else {
		n.Fields = fields
	}
	return n
}
