// Package deadletter keeps what a service could not handle. Its dead-letter queue is emptied into a table beside the
// service's own, where operators can look at each message, send it to the queue that it came from once the cause is
// gone, or give it up with a reason.
package deadletter

import (
	"crypto/sha256"
	"embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations make the table of dead letters. Replay needs those of the outbox as well.
var Migrations = postgres.Embedded("deadletter", files)

// replayHeader numbers the replays of a message. It tells a letter that comes back from a second copy of the one that
// was replayed.
const replayHeader = "x-datasync-replay"

// letter is a row of the table, or the part of it that was asked for.
type letter struct {
	ID          uuid.UUID
	At          time.Time // when it died last
	Queue       string
	Exchange    string
	Key         string
	MessageID   string
	Digest      []byte
	Reason      string
	Headers     string
	Body        []byte
	Bytes       int // length of the body
	MessageTime *time.Time
	Replays     int
	State       string
	SettledAt   *time.Time
	SettledBy   string
	SettledFor  string
}

// newLetter reads where a message came from out of its headers: ours, or those of the broker when it gave the message
// up by itself.
func newLetter(d *rabbitmq.Delivery) (letter, error) {
	digest := sha256.Sum256(d.Body)
	l := letter{
		ID: uuid.Must(uuid.NewV7()), MessageID: short(clean(d.ID)), Digest: digest[:], Body: d.Body,
		Queue: clean(d.Headers[rabbitmq.HeaderQueue]), Exchange: clean(d.Headers[rabbitmq.HeaderExchange]),
		Key: clean(d.Headers[rabbitmq.HeaderKey]), Reason: clean(d.Headers[rabbitmq.HeaderReason]),
	}
	if l.Body == nil {
		l.Body = []byte{}
	}
	if !d.Time.IsZero() {
		l.MessageTime = &d.Time
	}
	if cause, ok := d.Headers["x-first-death-reason"]; ok && l.Queue == "" {
		l.Queue, l.Exchange = clean(d.Headers["x-first-death-queue"]), clean(d.Headers["x-first-death-exchange"])
		l.Reason = "RabbitMQ gave it up: " + clean(cause)
	}
	if l.Queue == "" && l.Reason == "" {
		l.Reason = "it was published to the dead letters directly"
	}
	if replays, err := strconv.ParseInt(d.Headers[replayHeader], 10, 32); err == nil {
		l.Replays = int(max(0, replays))
	}
	headers := map[string]string{}
	for name, value := range d.Headers {
		if !ofDeath(name) {
			headers[clean(name)] = clean(value)
		}
	}
	if (rabbitmq.Message{Headers: headers}).Validate() != nil {
		headers = map[string]string{} // more than can be sent again
	}
	encoded, err := json.Marshal(headers)
	if err != nil {
		return l, fmt.Errorf("headers of dead letter %s: %w", d.ID, err)
	}
	l.Headers = string(encoded)
	return l, nil
}

// ofDeath reports whether a header tells of the message's death, and not of the message.
func ofDeath(header string) bool {
	switch header {
	case rabbitmq.HeaderReason, rabbitmq.HeaderExchange, rabbitmq.HeaderKey, rabbitmq.HeaderQueue, replayHeader:
		return true
	}
	return strings.HasPrefix(header, "x-first-death-") || strings.HasPrefix(header, "x-last-death-")
}

// clean makes a text that PostgreSQL takes: anybody may have written it.
func clean(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// short keeps what clean has made longer within what a message may carry.
func short(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), 255)], "")
}
