package customers

import (
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/pkg/record"
)

// Held is a field whose conflict with a remote waits for a person: the catalog keeps its value, the remote its own.
type Held struct {
	Conflict uuid.UUID `json:"conflict"`
	Value    string    `json:"value"` // the remote's, as far as the catalog has heard
	At       time.Time `json:"at"`
	Place    int64     `json:"place"` // see record.Inbound
}

// HeldFields are all such fields of a customer: remote -> path.
type HeldFields map[string]map[string]Held

func (h HeldFields) clone() HeldFields {
	copied := make(HeldFields, len(h))
	for remote, fields := range h {
		copied[remote] = maps.Clone(fields)
	}
	return copied
}

// Places are the fields that are held for a remote, as a merge wants them.
func (h HeldFields) Places(remote string) map[string]int64 {
	places := make(map[string]int64, len(h[remote]))
	for field, held := range h[remote] {
		places[field] = held.Place
	}
	return places
}

// hold notes a conflict that waits for a person, or what has become of one that does.
func (h HeldFields) hold(remote string, c record.Conflict) {
	if h[remote] == nil {
		h[remote] = map[string]Held{}
	}
	id := h[remote][c.Field].Conflict
	if id == uuid.Nil {
		id = uuid.Must(uuid.NewV7())
	}
	h[remote][c.Field] = Held{Conflict: id, Value: c.RemoteValue, At: c.RemoteAt, Place: c.RemotePlace}
}

func (h HeldFields) release(remote, field string) {
	delete(h[remote], field)
	if len(h[remote]) == 0 {
		delete(h, remote)
	}
}

// agree releases the fields in which both sides hold the same by now: there is nothing left to decide.
func (h HeldFields) agree(fields record.Fields) {
	for remote, held := range h {
		for field, theirs := range held {
			if fields[field] == theirs.Value {
				h.release(remote, field)
			}
		}
	}
}

// paths are the fields that each remote has to leave alone; nil when there are none.
func (h HeldFields) paths() map[string][]string {
	if len(h) == 0 {
		return nil
	}
	paths := map[string][]string{}
	for remote, held := range h {
		patch := record.Patch{}
		for field := range held {
			patch[field] = ""
		}
		paths[remote] = patch.Paths()
	}
	return paths
}
