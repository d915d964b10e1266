package connector

import (
	"slices"
	"time"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/record"
)

// An update goes out without a look at the remote before it, so it may overwrite what a person has just written there.
// The remote's notification of our own update gives that away: it tells the values before the update, and where these
// are not what we believed, somebody's value was overwritten unseen. It then goes to the catalog as a change like any
// other, which is where conflicts are settled.

// push is an update that was made, kept until its notification arrives.
type push struct {
	Key     string `json:"key"`
	Seq     int64  `json:"seq"`     // its number, from the sequence that also numbers the changes
	Version int64  `json:"version"` // the catalog version that it brought
	Base    int64  `json:"base"`    // the catalog version that the remote reflected before
	// Bases is the same for fields that were pending, and had to travel with another one: updates have left them out since.
	Bases  map[string]int64 `json:"bases,omitempty"`
	Before record.Patch     `json:"before"` // what we believed of the fields that it set; "" for one that was not set
	After  record.Patch     `json:"after"`  // what it set
	// Unknown: the call failed in a way that leaves open whether it took effect, or still will.
	Unknown bool `json:"unknown,omitempty"`
	// Taken has the fields whose value from an unknown call was later seen at the remote and taken for an edit by a person,
	// with the number of the change that told so. Only its notification can say that the call had landed, long after.
	Taken map[string]int64 `json:"taken,omitempty"`
	// Until tells, of an unknown call, the last number at which the object was seen under each mark. Its notification tells
	// the mark from before: what it overwrote stood there after that.
	Until  map[int64]int64 `json:"until,omitempty"`
	Landed bool            `json:"landed,omitempty"` // Until is complete: the object has told the mark of this call, late
	At     time.Time       `json:"at"`               // when its outcome was noted
}

// overwrite is a value that one of our updates overwrote unseen. Or, if Landed is set, it is no value but the news that
// the update under this key, whose outcome was unknown, took effect.
type overwrite struct {
	Landed string `json:"landed,omitempty"`

	Field string    `json:"field"`
	Value string    `json:"value"`
	Base  int64     `json:"base"`
	Over  int64     `json:"over"`
	Push  int64     `json:"push"`
	Mark  int64     `json:"mark,omitempty"` // the version that the object told before
	At    time.Time `json:"at"`
	Ours  bool      `json:"ours,omitempty"` // another call of ours had set it
}

// How many pushes a link keeps: the last few always, and many while they are young. Notifications may come late, and a
// record may be updated twenty times a second meanwhile. One that comes later than that tells nothing.
const (
	fewPushes  = 8
	manyPushes = 256
	youngPush  = 10 * time.Minute
)

// pushing is the link's present intent as a push; ok is false when it is no update.
func (l *link) pushing() (p push, ok bool) {
	in := l.Intent
	if in == nil || in.Op != opUpdate {
		return push{}, false
	}
	p = push{Key: in.Key, Seq: in.Seq, Version: in.Version, Base: l.Version, Before: record.Patch{}, After: in.Patch}
	for field := range in.Patch {
		p.Before[field] = l.Shadow[field]
		if base := l.base(field, l.Version); base != l.Version {
			p.setBase(field, base)
		}
	}
	return p, true
}

func (p *push) setBase(field string, base int64) {
	if p.Bases == nil {
		p.Bases = map[string]int64{}
	}
	p.Bases[field] = base
}

func (p push) base(field string) int64 {
	if base, ok := p.Bases[field]; ok {
		return base
	}
	return p.Base
}

// remember keeps the present intent for its notification.
func (l *link) remember(unknown bool) {
	p, ok := l.pushing()
	if !ok {
		return
	}
	p.Unknown, p.At = unknown, time.Now().UTC()
	l.Pushes = append(l.Pushes, p)
	keep := len(l.Pushes)
	for keep > manyPushes || keep > fewPushes && p.At.Sub(l.Pushes[len(l.Pushes)-keep].At) > youngPush {
		keep--
	}
	l.Pushes = slices.Delete(l.Pushes, 0, len(l.Pushes)-keep)
}

// pushOf finds the update that was made under a key.
func (l *link) pushOf(key string) (push, bool) {
	if p, ok := l.pushing(); ok && p.Key == key {
		return p, true
	}
	i := slices.IndexFunc(l.Pushes, func(p push) bool { return p.Key == key })
	if i < 0 {
		return push{}, false
	}
	return l.Pushes[i], true
}

// overwrote compares what the remote says stood there before, and the version in its mark, with what we believed.
func (p push) overwrote(before record.Fields, mark int64, at time.Time) (lost []overwrite) {
	for _, field := range p.Before.Paths() {
		if before[field] != p.Before[field] {
			lost = append(lost, overwrite{
				Field: field, Value: before[field], Base: p.base(field), Over: p.Version, Push: p.Seq, Mark: mark, At: at.UTC(),
			})
		}
	}
	return lost
}

// setByUs reports whether a newer update of ours, or one in doubt, set the value that p replaced: then p landed late, or
// the other one did, and nobody's value was lost.
func (l *link) setByUs(p push, o overwrite) bool {
	if l.Doubt != nil && l.Doubt.Patch[o.Field] == o.Value {
		return true
	}
	ours := l.Pushes
	if now, ok := l.pushing(); ok {
		ours = append(slices.Clip(ours), now)
	}
	return slices.ContainsFunc(ours, func(other push) bool {
		value, set := other.After[o.Field]
		return set && value == o.Value && other.Key != p.Key && (other.Unknown || other.Version >= p.Version)
	})
}

// landed puts in doubt again what the remote has told to have landed after all, so that the read which follows does not
// take it for an edit by a person.
func (l *link) landed(now time.Time) {
	for _, o := range l.Overwritten {
		if p, ok := l.pushOf(o.Landed); ok && o.Landed != "" {
			l.suspect(p.After, now)
		}
	}
}

// takeForEdit notes of the unknown updates that set this value that it may be theirs.
func (l *link) takeForEdit(field, value string) {
	for i, p := range l.Pushes {
		if own, set := p.After[field]; p.Unknown && set && own == value {
			if p.Taken == nil {
				l.Pushes[i].Taken = map[string]int64{}
			}
			l.Pushes[i].Taken[field] = l.Seq
		}
	}
}

// sighted notes of the unknown updates that the object has told this mark until now. late: it is that of an update which
// has landed after a newer one.
func (l *link) sighted(mark int64, late bool) {
	for i, p := range l.Pushes {
		switch {
		case !p.Unknown || p.Landed:
		case late && p.Version == mark:
			l.Pushes[i].Landed = true
		default:
			if p.Until == nil {
				l.Pushes[i].Until = map[int64]int64{}
			}
			l.Pushes[i].Until[mark] = l.Seq
		}
	}
}

// placeOf finds where an overwritten value belongs: its place in the sequence, see record.Inbound.Place, and the number of
// the change that told the value of the update which overwrote it as an edit by a person, 0 when there was none.
func (l *link) placeOf(o overwrite) (place, taken int64) {
	i := slices.IndexFunc(l.Pushes, func(p push) bool { return p.Seq == o.Push })
	if i < 0 {
		return o.Push, 0
	}
	p := l.Pushes[i]
	if until, ok := p.Until[o.Mark]; ok {
		return max(o.Push, until+1), p.Taken[o.Field]
	}
	return o.Push, p.Taken[o.Field]
}

// concede makes pending what our updates overwrote and returns the change that tells the catalog, or nil. A field that
// has moved since the update is left as it is; one that had moved before has moved once more, unseen. What was told as an
// edit by a person, but was our own update that landed late, is taken back: the value before it stands in its place.
// Of several values that were overwritten, the last one counts.
func (l *link) concede(remote string) *event.Change {
	seq := l.next()
	var conceded bool
	for _, o := range l.Overwritten {
		known, moved := l.Pending[o.Field]
		place, taken := l.placeOf(o)
		switch {
		case l.Gone || o.Landed != "":
			continue
		case taken > 0 && (!moved || known.Place() <= taken):
			place = taken
		case o.Ours || taken > 0 || (moved && known.Place() >= place):
			continue
		}
		l.setPending(o.Field, record.Inbound{Seq: seq, Value: o.Value, Base: o.Base, At: o.At, Over: o.Over, Push: place})
		conceded = true
	}
	if !conceded {
		return nil
	}
	l.Seq = seq
	return l.allPending(remote)
}
