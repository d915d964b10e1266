package customers

import (
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/record"
)

// Customer is a customer as the catalog has it. The methods that change it return a changed copy and leave the
// original alone; nothing is stored by them.
type Customer struct {
	ID         uuid.UUID
	Version    int64
	Generation int64
	DeletedAt  *time.Time // not nil: a tombstone
	ErasedAt   *time.Time // not nil: a tombstone without personal data, which cannot be restored
	Fields     record.Fields
	Clock      map[string]record.Clock // per path, who set it last; also of cleared ones
	Seen       map[string]int64        // per remote, the Seq of the last change that is contained
	Held       HeldFields
	CreatedAt  time.Time // set by the database, as UpdatedAt
	UpdatedAt  time.Time
	Sync       []SyncRow // what the connectors reported; remotes that never did are missing
}

// New returns a customer that has nothing set yet: version 0, for its first change to make 1.
func New(id uuid.UUID) Customer {
	return Customer{
		ID: id, Generation: 1,
		Fields: record.Fields{}, Clock: map[string]record.Clock{}, Seen: map[string]int64{}, Held: HeldFields{},
	}
}

// Deleted reports whether the customer is a tombstone.
func (c Customer) Deleted() bool { return c.DeletedAt != nil }

// UpdatedBy returns the side that last set a field: record.LocalWriter, or a remote's name.
func (c Customer) UpdatedBy() string {
	last := record.Clock{By: record.LocalWriter}
	for _, clock := range c.Clock {
		if clock.Version > last.Version {
			last = clock
		}
	}
	return last.By
}

// next is the copy that a change goes into, at the next version.
func (c Customer) next() Customer {
	c.Version++
	c.Fields, c.Clock, c.Seen, c.Held = c.Fields.Clone(), maps.Clone(c.Clock), maps.Clone(c.Seen), c.Held.clone()
	return c
}

// Edited returns the customer after a client of the catalog's own API changed these fields.
func (c Customer) Edited(patch record.Patch, at time.Time) Customer {
	n := c.next()
	n.Fields = n.Fields.Apply(patch)
	for path := range patch {
		n.Clock[path] = record.Clock{Version: n.Version, By: record.LocalWriter, At: at}
	}
	n.Held.agree(n.Fields)
	return n
}

// Removed returns the customer as a tombstone. It keeps its fields, for a restore.
func (c Customer) Removed(at time.Time) Customer {
	n := c.next()
	n.DeletedAt, n.Held = &at, HeldFields{}
	return n
}

// Restored returns a tombstone as a living customer of the next generation, for which remotes make new objects.
func (c Customer) Restored() Customer {
	n := c.next()
	n.Generation++
	n.DeletedAt = nil
	return n
}

// Merged returns the customer after the change number seq of a remote: patch is what the merge says to take from it,
// times says when each field moved there, conflicts are those that the merge met. An empty patch also makes a version:
// its event tells the connector that the change has been seen.
func (c Customer) Merged(
	remote string, seq int64, patch record.Patch, times map[string]record.Inbound, conflicts []record.Conflict,
) Customer {
	n := c.next()
	n.Seen[remote] = seq
	n.Fields = n.Fields.Apply(patch)
	for path := range patch {
		n.Clock[path] = record.Clock{Version: n.Version, By: remote, At: times[path].At, Place: times[path].Place()}
	}
	for _, conflict := range conflicts {
		if conflict.Winner == "" {
			n.Held.hold(remote, conflict)
		}
	}
	n.Held.agree(n.Fields)
	return n
}

// RemovedBy returns the customer as a tombstone after the change number seq of a remote, which deleted it there.
func (c Customer) RemovedBy(remote string, seq int64, at time.Time) Customer {
	n := c.Removed(at)
	n.Seen[remote] = seq
	return n
}

// Resolved returns the customer after a person decided that a field which is held for a remote gets this value on both
// sides. Also a value that the catalog has already is a new word: what the remote said before is older.
func (c Customer) Resolved(remote, field, value string, at time.Time) Customer {
	released := c
	released.Held = c.Held.clone()
	released.Held.release(remote, field)
	return released.Edited(record.Patch{field: value}, at)
}

// Snapshot is what connectors are told about the customer.
func (c Customer) Snapshot() event.Snapshot {
	return event.Snapshot{
		Kind: event.KindCustomer, ID: c.ID.String(), Version: c.Version, Generation: c.Generation,
		Deleted: c.Deleted(), Erased: c.Erased(), Fields: c.Fields, Seen: c.Seen, Held: c.Held.paths(),
	}
}
