package connector

import (
	"maps"
	"time"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/record"
)

// The pure part of the protocol: how a link moves. Nothing here does I/O.

// observe folds the remote's present state into the link. Fields that differ from the shadow moved at the remote: they
// become pending, and the returned change (nil when nothing moved) tells the catalog all that is pending.
func (l *link) observe(remote string, theirs Object, now time.Time) *event.Change {
	moved := record.Diff(l.Shadow, theirs.Fields)
	news := l.Shadow == nil && l.Desired == nil // an object that the catalog has never heard of, maybe an empty one
	l.Shadow = theirs.Fields.Clone()
	version := l.Version
	l.settleDoubt(moved)
	late := l.heal(theirs, moved)
	if l.Gone || (len(moved) == 0 && !news) {
		l.sighted(theirs.Version, late)
		return nil
	}
	l.Seq = l.next()
	for field, value := range moved {
		l.setPending(field, record.Inbound{Seq: l.Seq, Value: value, Base: l.base(field, version), At: now.UTC()})
		l.takeForEdit(field, value)
	}
	l.sighted(theirs.Version, late)
	return l.allPending(remote)
}

// next is the next number of the sequence in which the remote's changes and our updates stand. The one after it is never
// used: it is the place of a value that stood there between this and the next, until a late update replaced it.
func (l *link) next() int64 { return l.Seq + 2 }

// base is the catalog version whose value of a field the remote has held. A field that was pending already was left
// out of the pushes since.
func (l *link) base(field string, version int64) int64 {
	if known, ok := l.Pending[field]; ok {
		return min(version, max(known.Base, known.Over))
	}
	return version
}

func (l *link) setPending(field string, inbound record.Inbound) {
	if l.Pending == nil {
		l.Pending = map[string]record.Inbound{}
	}
	l.Pending[field] = inbound
}

// allPending is the change with everything that the catalog has not been seen to apply.
func (l *link) allPending(remote string) *event.Change {
	change := l.change(remote)
	change.Fields = maps.Clone(l.Pending)
	return change
}

// settleDoubt takes out of moved what a doubtful write of ours set: it landed after all.
func (l *link) settleDoubt(moved record.Patch) {
	if l.Doubt != nil {
		l.disown(moved, l.Doubt.Patch)
	}
}

// heal takes up a write of ours that landed after a newer one: the object's mark tells an older version than the newest
// one that it told before. What that write set is no edit by a person, and what the catalog wants is pushed again.
// It reports whether that happened.
func (l *link) heal(theirs Object, moved record.Patch) (late bool) {
	late = theirs.Version > 0 && theirs.Version < l.Marked
	l.Marked = theirs.Version
	if !late {
		return false
	}
	for _, p := range l.Pushes {
		if p.Version == theirs.Version {
			l.disown(moved, p.After)
		}
	}
	l.turnBack()
	return true
}

// disown takes out of moved the values that we set ourselves. Where the catalog wants something else by now, the record
// is pushed again.
func (l *link) disown(moved, ours record.Patch) {
	for field, value := range moved {
		if own, ok := ours[field]; !ok || own != value {
			continue
		}
		delete(moved, field)
		if l.Desired != nil && l.Desired.Fields[field] != value {
			l.turnBack()
		}
	}
}

// turnBack makes the record one that has yet to be brought to the remote. What differs from the shadow is pushed.
func (l *link) turnBack() {
	if l.Desired != nil {
		l.Version = min(l.Version, l.Desired.Version-1)
	}
}

// overrule takes the remote's present state in without asking the catalog: an operator wants the catalog's to win.
func (l *link) overrule(theirs Object) {
	l.Shadow, l.Marked = theirs.Fields.Clone(), theirs.Version
	l.turnBack()
}

// untold is the change that tells everything which the catalog may not have been told, under the number of the last one;
// nil when there was none. To a catalog that has heard it, it is a duplicate.
func (l *link) untold(remote string) *event.Change {
	switch {
	case l.Seq == 0:
		return nil
	case l.Gone:
		change := l.change(remote)
		change.Deleted = true
		return change
	case len(l.Pending) == 0 && l.Desired != nil:
		return nil
	}
	return l.allPending(remote)
}

// vanish notes that the object is gone at the remote and returns the change that says so, or nil if that was known.
func (l *link) vanish(remote string) *event.Change {
	if l.Gone {
		return nil
	}
	l.Gone = true
	l.Seq = l.next()
	change := l.change(remote)
	change.Deleted = true
	return change
}

func (l *link) change(remote string) *event.Change {
	return &event.Change{
		Remote: remote, Kind: l.Kind, ID: l.LocalID, RemoteID: l.RemoteID,
		Generation: l.Generation, Seq: l.Seq,
	}
}

// restored reports whether the catalog deleted and restored the record since. The remote is looked at before the link is
// renewed: a delete there that nobody has heard of is older than the restore, and must not undo it.
func (l *link) restored() bool { return l.Desired != nil && l.Desired.Generation > l.Generation }

// reattach takes up the object of a restored record that was detached: it may still be there.
func (l *link) reattach() {
	if l.restored() && l.State == event.StateDetached {
		l.Gone = false
	}
}

// renew takes up a record that the catalog deleted and restored. If the object was deleted too, the link starts afresh
// and a new one will be made. If the restore came before anybody acted on the delete, the object lives on; what is
// pending is told again, because the catalog ignores changes that belong to an earlier generation.
func (l *link) renew(remote string) *event.Change {
	if !l.restored() {
		return nil
	}
	l.Generation = l.Desired.Generation
	if l.Gone {
		l.RemoteID, l.Shadow, l.Pending, l.Doubt, l.Pushes, l.Marked, l.Gone = "", nil, nil, nil, nil, 0, false
	}
	if len(l.Pending) == 0 {
		return nil
	}
	l.Seq = l.next()
	return l.allPending(remote)
}

// acknowledge drops from pending what the remote and the catalog agree about: changes up to seen, which a version of the
// catalog contains that the remote now reflects. It reports whether there were any. Not before: until then the remote has never held the catalog's value.
func (l *link) acknowledge(seen int64) (some bool) {
	for field, inbound := range l.Pending {
		if inbound.Seq <= seen {
			delete(l.Pending, field)
			some = true
		}
	}
	return some
}

// behind reports whether the catalog has a version that the remote does not reflect yet.
func (l *link) behind() bool { return l.Desired != nil && l.Desired.Version > l.Version }

// patch is what has to be pushed: the fields of desired that differ from the shadow, but for those that moved at the
// remote and that the catalog has yet to judge, where it has judged the changes up to seen, and for those whose conflict
// waits for a person.
func (l *link) patch(remote string, seen int64) record.Patch {
	patch := record.Diff(l.Shadow, l.Desired.Fields)
	for _, field := range l.Desired.Held[remote] {
		delete(patch, field)
	}
	for field, inbound := range l.Pending {
		if inbound.Seq > seen {
			delete(patch, field)
		}
	}
	return patch
}

// complete folds the reply to the intent's call into the link. The caller goes on with observe or vanish, since the
// reply may show more than what we wrote.
func (l *link) complete(reply Object) {
	in := l.Intent
	switch in.Op {
	case opCreate:
		l.RemoteID, l.Shadow = reply.ID, in.Fields.Clone()
	case opUpdate:
		l.remember(false)
		l.acknowledge(in.Seen)
		l.Shadow = l.Shadow.Apply(in.Patch)
	case opDelete:
		l.Gone = true
	}
	l.Version = max(l.Version, in.Version)
	l.Marked = max(l.Marked, in.Version)
	l.LastKey, l.Intent = in.Key, nil
}

// giveUpKey drops an update whose outcome is unknown and whose key would only replay the failure.
func (l *link) giveUpKey(now time.Time) {
	l.suspect(l.Intent.Patch, now)
	l.remember(true)
	l.LastKey, l.Intent = l.Intent.Key, nil
}

// suspect adds to the doubt what a write of ours may set at any moment.
func (l *link) suspect(patch record.Patch, now time.Time) {
	all := record.Patch{}
	if l.Doubt != nil {
		maps.Copy(all, l.Doubt.Patch)
	}
	maps.Copy(all, patch)
	l.Doubt = &doubt{Patch: all, Since: now.UTC()}
}
