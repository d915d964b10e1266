package connector

import (
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/record"
)

// The kinds of findings.
const (
	findDrift      = "drift"
	findOnlyRemote = "only_remote"
	findOnlyLocal  = "only_local"
	findDuplicate  = "duplicate"
	findAmbiguous  = "ambiguous"
	findMatch      = "match"
)

// The outcomes of findings.
const (
	outcomeReported = "reported"
	outcomeRepaired = "repaired" // left to a worker, which settles it unless one of the sides moves before
	outcomeAdopted  = "adopted"
	outcomeRefused  = "refused" // it has moved since the plan was made
	outcomeMoving   = "moving"  // it has moved since it was compared, and is left to the sync
)

// moving reports whether the link is being worked on, or was since a time: then an object that was read meanwhile says
// nothing about it.
func (l *link) moving(since time.Time) bool {
	parked := l.State == event.StateFailed || l.State == event.StateDiscarded
	return l.busy() || l.UpdatedAt.After(since) || len(l.Pending) > 0 || l.Doubt != nil || l.Desired == nil ||
		l.Checks > l.Checked || (l.behind() && !parked)
}

// busy reports whether a worker holds the link or is about to, or an operator has stopped it.
func (l *link) busy() bool { return l.DueAt != nil || l.Intent != nil || l.Paused }

// alive reports whether the catalog has the record.
func (l *link) alive() bool { return !l.Gone && l.Desired != nil && !l.Desired.Deleted }

// finding is a row of the table.
type finding struct {
	JobID          string
	N              int64
	Kind           string
	RecordID       *string
	RemoteID       string
	Fields         []admin.FieldDiff `gorm:"serializer:json"`
	Candidates     []string          `gorm:"serializer:json"`
	Outcome        string
	DesiredVersion int64
	Version        int64
	Seq            int64
}

// about returns a finding about a link.
func (l *link) about(kind, remoteID string) *finding {
	return &finding{
		Kind: kind, RecordID: &l.LocalID, RemoteID: remoteID, Outcome: outcomeReported,
		DesiredVersion: l.DesiredVersion, Version: l.Version, Seq: l.Seq,
	}
}

// neighbours are the links that the objects of a page may belong to.
type neighbours struct{ byRemote, byMark map[string]*link }

// judge puts an object beside its link and counts what it comes to; nil is nothing to report. since is the time before
// the object was read.
func (c *comparison) judge(object Object, near neighbours, since time.Time) *finding {
	if l := near.byRemote[object.ID]; l != nil {
		return c.judgeLinked(l, object, since)
	}
	l := near.byMark[object.LocalID] // a mark that we have no record for was made by another installation
	switch {
	case l == nil:
		return &finding{Kind: findOnlyRemote, RemoteID: object.ID, Outcome: outcomeReported}
	case l.RemoteID != "":
		return l.about(findDuplicate, object.ID)
	case l.busy():
		c.report.Moving++
		return nil
	}
	return l.about(findOnlyRemote, object.ID) // made by us, and linked to nothing
}

// judgeLinked compares an object with its own link.
func (c *comparison) judgeLinked(l *link, object Object, since time.Time) *finding {
	switch {
	case l.State == event.StateDetached:
		return nil // deleted in the catalog and kept there on purpose
	case l.busy(), !l.Gone && l.moving(since):
		c.report.Moving++
		return nil
	case !l.alive():
		return l.about(findOnlyRemote, object.ID)
	}
	c.report.Compared++
	patch := record.Diff(l.Desired.Fields, object.Fields)
	if len(patch) == 0 {
		c.report.Equal++
		return nil
	}
	f := l.about(findDrift, object.ID)
	for _, field := range patch.Paths() {
		f.Fields = append(f.Fields, admin.FieldDiff{Field: field, Before: l.Desired.Fields[field], After: patch[field]})
	}
	return f
}

// count adds findings to the report and numbers them.
func (c *comparison) count(found []*finding) {
	for _, f := range found {
		c.at.Finding++
		f.JobID, f.N = c.run.ID, c.at.Finding
		c.run.Counts[f.Kind]++
		switch f.Kind {
		case findDrift:
			c.report.Drifted++
			for _, d := range f.Fields {
				c.drifted(d.Field)
			}
		case findOnlyRemote:
			c.report.OnlyRemote++
		case findOnlyLocal:
			c.report.OnlyLocal++
		case findDuplicate:
			c.report.Duplicates++
		}
	}
}

// maxFields bounds the fields that are counted by name: metadata can have any number.
const maxFields = 200

func (c *comparison) drifted(field string) {
	if c.report.Fields == nil {
		c.report.Fields = map[string]int64{}
	}
	if _, known := c.report.Fields[field]; !known && len(c.report.Fields) >= maxFields {
		field = "other fields"
	}
	c.report.Fields[field]++
}
