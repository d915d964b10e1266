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
	if l.Gone || (len(moved) == 0 && !news) {
		return nil
	}
	l.Seq++
	for field, value := range moved {
		l.setPending(field, record.Inbound{Seq: l.Seq, Value: value, Base: l.base(field, version), At: now.UTC()})
	}
	return l.allPending(remote)
}

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

// settleDoubt takes out of moved what a doubtful write of ours set: it landed after all. Where the catalog wants
// something else by now, the version is turned back so that the record is pushed again.
func (l *link) settleDoubt(moved record.Patch) {
	if l.Doubt == nil {
		return
	}
	for field, value := range moved {
		if ours, ok := l.Doubt.Patch[field]; !ok || ours != value {
			continue
		}
		delete(moved, field)
		if l.Desired != nil && l.Desired.Fields[field] != value {
			l.Version = min(l.Version, l.Desired.Version-1)
		}
	}
}

// vanish notes that the object is gone at the remote and returns the change that says so, or nil if that was known.
func (l *link) vanish(remote string) *event.Change {
	if l.Gone {
		return nil
	}
	l.Gone = true
	l.Seq++
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
		l.RemoteID, l.Shadow, l.Pending, l.Doubt, l.Pushes, l.Gone = "", nil, nil, nil, nil, false
	}
	if len(l.Pending) == 0 {
		return nil
	}
	l.Seq++
	return l.allPending(remote)
}

// acknowledge drops from pending what the catalog's newest snapshot contains.
func (l *link) acknowledge(remote string) {
	for field, inbound := range l.Pending {
		if inbound.Seq <= l.Desired.Seen[remote] {
			delete(l.Pending, field)
		}
	}
}

// behind reports whether the catalog has a version that the remote does not reflect yet.
func (l *link) behind() bool { return l.Desired != nil && l.Desired.Version > l.Version }

// patch is what has to be pushed: the fields of desired that differ from the shadow, but for those that moved at the
// remote and that the catalog has yet to judge.
func (l *link) patch() record.Patch {
	patch := record.Diff(l.Shadow, l.Desired.Fields)
	for field := range l.Pending {
		delete(patch, field)
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
		l.remember()
		l.Shadow = l.Shadow.Apply(in.Patch)
	case opDelete:
		l.Gone = true
	}
	l.Version = max(l.Version, in.Version)
	l.LastKey, l.Intent = in.Key, nil
}

// giveUpKey drops an update whose outcome is unknown and whose key would only replay the failure.
func (l *link) giveUpKey(now time.Time) {
	patch := record.Patch{}
	if l.Doubt != nil {
		maps.Copy(patch, l.Doubt.Patch)
	}
	maps.Copy(patch, l.Intent.Patch)
	l.Doubt = &doubt{Patch: patch, Since: now.UTC()}
	l.remember()
	l.LastKey, l.Intent = l.Intent.Key, nil
}
