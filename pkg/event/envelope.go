// Package event holds the messages between the catalog and its connectors: CloudEvents 1.0 in structured JSON, so that
// each message is complete by itself wherever it is looked at.
package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Exchanges of DataSync. All are durable; all but ControlExchange are topic exchanges.
const (
	EventsExchange  = "datasync.events"  // catalog -> connectors
	ChangesExchange = "datasync.changes" // connectors -> catalog
	DeadExchange    = "datasync.dead"    // what could not be decoded, routed by the owner's name
	ControlExchange = "datasync.control" // fanout, to all replicas: operators want something else of the service named in the body
)

// Envelope is a CloudEvent. Its Type is also the routing key of the message that carries it.
type Envelope struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"`  // "/catalog" or "/connectors/<name>"
	Type            string          `json:"type"`    // "<subject>.<verb>.v<schema version>"
	Subject         string          `json:"subject"` // the record's local id
	Time            time.Time       `json:"time"`
	DataContentType string          `json:"datacontenttype"`
	Data            json.RawMessage `json:"data"`
}

// Errors of Decode. A message that causes one can never succeed as it is: it belongs in the dead-letter queue.
var (
	ErrMalformed   = errors.New("not a CloudEvents JSON message of DataSync")
	ErrUnknownType = errors.New("unknown message type")
	ErrNewerSchema = errors.New("message has a newer schema version than this program knows: upgrade it, then replay")
)

// newEnvelope wraps data, which must be one of this package's message structs.
func newEnvelope(source, kind, subject string, data any) Envelope {
	body, err := json.Marshal(data)
	if err != nil {
		panic(fmt.Sprintf("event: %T cannot be encoded: %v", data, err)) // plain structs: a programming error
	}
	return Envelope{
		SpecVersion: "1.0", ID: uuid.Must(uuid.NewV7()).String(), Source: source, Type: kind, Subject: subject,
		Time: time.Now().UTC(), DataContentType: "application/json", Data: body,
	}
}

// JSON is the body of the message.
func (e Envelope) JSON() []byte {
	body, err := json.Marshal(e)
	if err != nil {
		panic(fmt.Sprintf("event: envelope cannot be encoded: %v", err))
	}
	return body
}

// Decode reads the body of a message of one of this package's types. Its errors wrap ErrMalformed, ErrUnknownType or
// ErrNewerSchema.
func Decode(body []byte) (Envelope, error) {
	var e Envelope
	if err := json.Unmarshal(body, &e); err != nil {
		return Envelope{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if e.SpecVersion != "1.0" || e.ID == "" || e.Type == "" || len(e.Data) == 0 {
		return Envelope{}, fmt.Errorf("%w: specversion, id, type or data is missing", ErrMalformed)
	}
	return e, e.checkType()
}

var versionSuffix = regexp.MustCompile(`^(.+)\.v([0-9]{1,4})$`)

func (e Envelope) checkType() error {
	parts := versionSuffix.FindStringSubmatch(e.Type)
	if parts == nil {
		return fmt.Errorf("%w: type %q has no version", ErrMalformed, e.Type)
	}
	version, err := strconv.Atoi(parts[2])
	if err != nil {
		return fmt.Errorf("%w: type %q", ErrMalformed, e.Type)
	}
	if version > 1 {
		return fmt.Errorf("%w: type %q", ErrNewerSchema, e.Type)
	}
	return nil
}
