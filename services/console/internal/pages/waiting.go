package pages

import (
	"context"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

// drained is what a connector does that an operator drains.
const drained = "draining: an operator lets it take nothing new"

// waitsFor tells what operators stopped that the customer waits for.
func (s *Site) waitsFor(ctx context.Context, c *call, p customerPage) []string {
	var why []string
	for _, a := range s.statuses(ctx, c)[1:] {
		if a.Err == nil && a.Service.Name == p.Side.Service {
			why = append(why, p.heldBy(a.Value)...)
		}
	}
	return why
}

func (p customerPage) heldBy(status admin.Status) (why []string) {
	out, in := p.outward(), p.inward()
	remote := p.Side.Title
	if status.Draining && (out || in) {
		why = append(why, "The connector of "+remote+" is "+drained+". This customer waits until that ends.")
	}
	for _, direction := range status.Paused {
		switch {
		case direction == admin.Outbound && out:
			why = append(why, "An operator paused what goes to "+remote+". This customer waits until that is resumed.")
		case direction == admin.Inbound && in:
			why = append(why, "An operator paused what comes from "+remote+". What changed there waits until that is resumed.")
		}
	}
	return why
}

// outward reports whether the catalog has something that the remote has yet to get.
func (p customerPage) outward() bool {
	one := p.Side
	switch one.State {
	case "pending", "retrying":
		return true
	case "failed", discarded, detached, "deleted":
		return false
	}
	return one.Known && p.Known && one.Link.Version < p.Version
}

// inward reports whether the remote has something that the catalog has yet to get.
func (p customerPage) inward() bool { return p.Moved || len(p.Side.Link.Pending) > 0 }

// undecided are the open conflicts of a customer with a remote.
func (s *Site) undecided(ctx context.Context, c *call, id, remote string) []admin.Conflict {
	list, err := s.conflictList(ctx, admin.ConflictFilter{RecordID: id, Open: true, Page: admin.Page{Limit: conflictsShown}})
	if err != nil {
		c.missing(s.Fleet.Catalog, err)
	}
	var open []admin.Conflict
	for _, one := range list.Data {
		if one.Remote == remote {
			open = append(open, one)
		}
	}
	return open
}

// heldUp tells of a connector that an operator stopped or drains; nil when none did.
func heldUp(a upstream.Answer[admin.Status]) (details []detail) {
	name := remoteTitle(a.Service.Name)
	if a.Value.Draining {
		details = append(details, detail{"The connector of " + name + " is " + drained + ". Changes wait and are not lost.", "/dashboard/workers", "End it on Workers"})
	}
	for _, direction := range a.Value.Paused {
		if direction == admin.Inbound {
			details = append(details, detail{Text: "Paused: changes made in " + name + " wait and are not taken into the catalog."})
		} else {
			details = append(details, detail{Text: "Paused: changes made in the catalog wait and are not brought to " + name + "."})
		}
	}
	return details
}
