package record

import (
	"maps"
	"slices"
	"time"
)

// Clock says who last set a field of a record in the catalog.
type Clock struct {
	Version int64     `json:"v"`  // the record's version that the write made
	By      string    `json:"by"` // LocalWriter, or the name of the remote it came from
	At      time.Time `json:"at"`
	Place   int64     `json:"place,omitempty"` // of a remote's value: Inbound.Place
}

// LocalWriter is the Clock.By of a write that came through the catalog's own API.
const LocalWriter = "catalog"

// Inbound is one field that moved at a remote. A Value of "" means that it was cleared there.
type Inbound struct {
	Seq   int64     `json:"seq"` // numbers the remote's changes of this record, rising
	Value string    `json:"value"`
	Base  int64     `json:"base"` // the catalog version that the remote reflected when the field moved
	At    time.Time `json:"at"`   // when the connector saw it; only the policy "newest" looks at it
	// Over is the catalog version whose push overwrote the value before the connector had seen it; 0 when the value
	// still stood at the remote.
	Over int64 `json:"over,omitempty"`
	// Push is where the value stood in the sequence that also numbers the changes: at that push, or later if the push landed
	// late.
	Push int64 `json:"push,omitempty"`
}

// Place orders the values that one field has had at the remote: a value that a push overwrote unseen stood there when the
// push was made, however late it is told.
func (i Inbound) Place() int64 {
	if i.Over > 0 {
		return i.Push
	}
	return i.Seq
}

// Policy says which side keeps a field that both changed without knowing of each other.
type Policy string

// The policies. Newest compares wall clocks, the only place where the protocol does. Manual leaves both sides as they are
// until a person decides.
const (
	PolicyCatalog Policy = "catalog"
	PolicyRemote  Policy = "remote"
	PolicyNewest  Policy = "newest"
	PolicyManual  Policy = "manual"
)

// Conflict is a field that was changed on both sides, each without having seen the other's change.
type Conflict struct {
	Field          string
	CatalogValue   string
	CatalogVersion int64
	CatalogBy      string
	CatalogAt      time.Time
	RemoteValue    string
	RemoteAt       time.Time
	RemotePlace    int64 // Inbound.Place
	Policy         Policy
	Winner         string // LocalWriter or the remote's name; "" when a person has to decide
}

// Merge is the three-way merge of a remote's change into a catalog record.
type Merge struct {
	Remote string                    // the remote's name
	Seen   int64                     // fields with a Seq up to this were merged before
	Policy func(field string) Policy // how to settle a conflict on a field
	Held   map[string]int64          // fields with a conflict that waits for a person, with the Place of the value in it
}

// Into returns the fields to set (a patch, possibly empty) and the conflicts met on the way, in field order.
// Versions decide what is a conflict: somebody other than this remote set the field at a version above the
// change's base. Equal values never conflict. A field that waits for a person is not set: what moves meanwhile is met as
// the same conflict again, with the values of now, also when those are equal.
func (m Merge) Into(current Fields, clocks map[string]Clock, changed map[string]Inbound) (Patch, []Conflict) {
	patch, conflicts := Patch{}, []Conflict(nil)
	for _, field := range slices.Sorted(maps.Keys(changed)) {
		theirs, ours := changed[field], clocks[field]
		if theirs.Seq <= m.Seen {
			continue
		}
		if place, held := m.Held[field]; held {
			if theirs.Place() >= place {
				conflicts = append(conflicts, m.meet(field, current[field], ours, theirs, PolicyManual, ""))
			}
			continue
		}
		if current[field] == theirs.Value {
			continue
		}
		if ours.By == m.Remote && ours.Place > theirs.Place() {
			continue // the remote has set the field again since
		}
		if ours.By != m.Remote && ours.Version > theirs.Base {
			conflict := m.settle(field, current[field], ours, theirs)
			conflicts = append(conflicts, conflict)
			if conflict.Winner != m.Remote {
				continue
			}
		}
		patch[field] = theirs.Value
	}
	return patch, conflicts
}

func (m Merge) settle(field, value string, ours Clock, theirs Inbound) Conflict {
	policy, winner := m.Policy(field), m.Remote
	switch policy {
	case PolicyCatalog:
		winner = LocalWriter
	case PolicyNewest:
		if !theirs.At.After(ours.At) {
			winner = LocalWriter
		}
	case PolicyManual:
		winner = ""
	case PolicyRemote:
	}
	if theirs.Over > 0 && ours.Version > theirs.Over {
		winner = LocalWriter // the catalog was written again after the value was gone
	}
	return m.meet(field, value, ours, theirs, policy, winner)
}

func (m Merge) meet(field, value string, ours Clock, theirs Inbound, policy Policy, winner string) Conflict {
	return Conflict{
		Field: field, CatalogValue: value, CatalogVersion: ours.Version, CatalogBy: ours.By, CatalogAt: ours.At,
		RemoteValue: theirs.Value, RemoteAt: theirs.At, RemotePlace: theirs.Place(), Policy: policy, Winner: winner,
	}
}
