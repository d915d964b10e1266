package timeline

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// step is what tells a change apart at every service that saw it: the catalog's version on the way out, the connector's
// number on the way in.
type step struct {
	remote  string
	version int64
}

// ledger is what the services wrote down about a record, by what belongs together.
type ledger struct {
	outbound map[step]*admin.Change // at connectors
	inbound  map[step]*admin.Change // at the catalog
	used     map[string]bool
	remotes  []string
}

// Fold makes entries of the changes of one record, newest first. catalog is the name of the catalog's service.
func Fold(changes []admin.Change, catalog string) []Entry {
	l := ledger{outbound: map[step]*admin.Change{}, inbound: map[step]*admin.Change{}, used: map[string]bool{}}
	for i := range changes {
		l.file(&changes[i], catalog)
	}
	var entries []Entry
	for i := range changes {
		c := &changes[i]
		switch {
		case c.Service == catalog && c.Direction == admin.Local:
			entries = append(entries, l.local(c))
		case c.Service != catalog && c.Direction == admin.Inbound:
			entries = append(entries, l.seen(c))
		}
	}
	for i := range changes { // what is left was begun before the first of these changes, or by nobody
		if c := &changes[i]; !l.used[c.Service+c.ID] {
			entries = append(entries, alone(c, catalog))
		}
	}
	slices.SortStableFunc(entries, func(a, b Entry) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID))
	})
	return entries
}

func (l *ledger) file(c *admin.Change, catalog string) {
	switch {
	case ByHand(c.Op): // stands for itself, whatever its version
	case c.Service != catalog && c.Direction == admin.Outbound:
		keep(l.outbound, step{c.Service, c.Version}, c)
		if !slices.Contains(l.remotes, c.Service) {
			l.remotes = append(l.remotes, c.Service)
		}
	case c.Service == catalog && c.Direction == admin.Inbound:
		keep(l.inbound, step{c.Origin, c.Version}, c)
	}
}

// keep prefers what was done over what was skipped: a redelivery is written down too.
func keep(known map[step]*admin.Change, at step, c *admin.Change) {
	if old, ok := known[at]; ok && old.State != admin.StateSkipped {
		return
	}
	known[at] = c
}

// local is a change made in the catalog, and what became of it at the remote.
func (l *ledger) local(c *admin.Change) Entry {
	l.used[c.Service+c.ID] = true
	e := entry(c)
	e.Left = true
	done := l.outcome(c.Version)
	switch {
	case done == nil:
		return settle(e)
	case done.Version == c.Version:
		l.used[done.Service+done.ID] = true
		e.Remote, e.RemoteID, e.Attempts, e.State = done.Service, done.RemoteID, done.Attempts, done.State
		e.Conflicts = append(e.Conflicts, done.Conflicts...)
		e.Note = skipped(done)
	default:
		e.Remote, e.State = done.Service, done.State
		e.Note = "together with version " + itoa(done.Version)
	}
	if e.State == admin.StateApplied {
		e.State = "mirrored"
		e.Latency = max(done.At.Sub(c.At), 0)
	}
	return settle(e)
}

// outcome is what a connector did about a version, or about a newer one, which carried it along.
func (l *ledger) outcome(version int64) *admin.Change {
	var best *admin.Change
	for at, c := range l.outbound {
		if at.version < version || best != nil && at.version >= best.Version {
			continue
		}
		best = c
	}
	return best
}

// seen is a change noticed at a remote, and what the catalog made of it.
func (l *ledger) seen(c *admin.Change) Entry {
	l.used[c.Service+c.ID] = true
	e := entry(c)
	e.Remote, e.Note = c.Service, skipped(c)
	e.Quiet = c.State == admin.StateSkipped
	if e.Origin == c.Service {
		e.Origin = ""
	}
	if taken, ok := l.inbound[step{c.Service, c.Version}]; ok && !e.Quiet {
		l.used[taken.Service+taken.ID] = true
		e.State, e.Note = taken.State, skipped(taken)
		e.Latency = max(taken.At.Sub(c.At), 0)
		e.Conflicts = append(e.Conflicts, taken.Conflicts...)
		if len(e.Fields) == 0 {
			e.Fields = taken.Fields
		}
	}
	return settle(e)
}

// alone is a change whose other half is not here.
func alone(c *admin.Change, catalog string) Entry {
	e := entry(c)
	e.Left = c.Direction != admin.Inbound
	e.Remote = c.Service
	if c.Service == catalog {
		e.Remote = c.Origin
	}
	e.Note = skipped(c)
	e.Quiet = c.State == admin.StateSkipped
	switch {
	case e.ByHand():
		e.State = "done"
	case e.Left && e.State == admin.StateApplied:
		e.State = "mirrored"
	}
	return settle(e)
}

func entry(c *admin.Change) Entry {
	return Entry{
		ID: c.ID, At: c.At, State: c.State, Op: c.Op, Origin: c.Origin, Version: c.Version, Fields: c.Fields, RemoteID: c.RemoteID,
		Attempts: c.Attempts, Conflicts: slices.Clone(c.Conflicts), EventID: c.EventID, RequestID: c.RequestID, TraceID: c.TraceID,
	}
}

// settle lets a conflict show: an open one is what the entry is about.
func settle(e Entry) Entry {
	for _, c := range e.Conflicts {
		e.Quiet = false
		if c.Winner == "" {
			e.State = "conflict"
			return e
		}
	}
	return e
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
