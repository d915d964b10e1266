package webhook

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
)

// apiVersion is the one that the connector was written for.
const apiVersion = "2023-10-16"

// Event is what a made up event is about.
type Event struct {
	Type     string
	Object   map[string]any
	Previous map[string]any
	Live     bool
}

// NewID returns an id that no other event has.
func NewID() string { return "evt_datasync_" + rand.Text() }

// JSON is the event as Stripe would send it.
func (e Event) JSON(now time.Time) ([]byte, error) {
	data := map[string]any{"object": e.Object}
	if len(e.Previous) > 0 {
		data["previous_attributes"] = e.Previous
	}
	body, err := json.Marshal(map[string]any{
		"id": NewID(), "object": "event", "api_version": apiVersion, "created": now.Unix(), "livemode": e.Live,
		"pending_webhooks": 1, "request": map[string]any{"id": nil, "idempotency_key": nil}, "type": e.Type, "data": data,
	})
	if err != nil {
		return nil, fmt.Errorf("encode the event: %w", err)
	}
	return body, nil
}

// Described is what a body says that it is.
type Described struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// Describe reads a body; only an event may be delivered.
func Describe(body []byte) (Described, error) {
	var d Described
	if err := json.Unmarshal(body, &d); err != nil || d.ID == "" || d.Type == "" {
		return d, exit.Wrap(exit.Failed, err, "this is not an event of Stripe: it has to be a JSON object with an id and a type", "")
	}
	return d, nil
}

// Renamed returns the event under another id, so that it counts as one that has not been seen.
func Renamed(body []byte) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	id, err := json.Marshal(NewID())
	if err != nil {
		return nil, fmt.Errorf("encode the event: %w", err)
	}
	members["id"] = id
	return json.Marshal(members)
}
