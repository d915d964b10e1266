package connector

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// list reads the listing to its end, a page at a time.
func (c *comparison) list(ctx context.Context) error {
	for {
		since, err := c.now(ctx)
		if err != nil {
			return err
		}
		page, err := c.page(ctx)
		if err != nil {
			return err
		}
		next, err := c.comparePage(ctx, page, since)
		if err != nil {
			return err
		}
		if !next {
			return nil
		}
	}
}

// comparePage compares a page and commits it; false when it was the last one.
func (c *comparison) comparePage(ctx context.Context, page Page, since time.Time) (more bool, err error) {
	near, err := c.linksOf(ctx, page.Objects)
	if err != nil {
		return false, err
	}
	var found []*finding
	var shown []string
	var keys []matchKey
	for _, object := range page.Objects {
		f := c.judge(object, near, since)
		if f != nil {
			found = append(found, f)
		}
		if l := near.byRemote[object.ID]; l != nil {
			shown = append(shown, l.LocalID)
		}
		keys = append(keys, c.objectKeys(object, f, near)...)
	}
	c.count(found)
	c.report.Pages++
	c.run.Done += int64(len(page.Objects))
	c.at.Cursor = page.Next
	if page.Next == "" {
		c.at.Phase = phaseMissing
		if c.asked.Adopt != "" {
			c.at.Phase = phaseIndex
		}
	}
	return page.Next != "", c.commit(ctx, func(tx *gorm.DB) error {
		if err := storeFindings(tx, found); err != nil {
			return err
		}
		if err := storeKeys(tx, c.run.ID, keys); err != nil {
			return err
		}
		return storeListed(tx, c.run.ID, shown)
	})
}

// compareOnly compares the records that were asked for.
func (c *comparison) compareOnly(ctx context.Context) error {
	for int(c.run.Done) < len(c.asked.Only) {
		since, err := c.now(ctx)
		if err != nil {
			return err
		}
		f, err := c.compareOne(ctx, c.asked.Only[c.run.Done], since)
		if err != nil {
			return err
		}
		c.run.Done++
		var found []*finding
		if f != nil {
			found = append(found, f)
		}
		if err := c.commitUpTo(ctx, found, ""); err != nil {
			return err
		}
	}
	return c.enterRepair(ctx)
}

// compareOne reads one record's object and compares the two.
func (c *comparison) compareOne(ctx context.Context, localID string, since time.Time) (*finding, error) {
	l, err := c.linkOf(ctx, localID)
	if err != nil {
		return nil, err
	}
	switch {
	case l == nil:
		c.run.Counts["unknown"]++
		return nil, nil
	case l.RemoteID == "" && l.alive() && !l.busy():
		return l.about(findOnlyLocal, ""), nil
	case l.RemoteID == "" || !l.alive():
		return nil, nil
	}
	return c.verify(ctx, l, since)
}

// verify asks the remote for a link's object.
func (c *comparison) verify(ctx context.Context, l *link, since time.Time) (*finding, error) {
	object, err := c.get(ctx, l.RemoteID)
	if err != nil {
		return nil, err
	}
	again, err := c.linkOf(ctx, l.LocalID) // it may have been worked on during the call
	if err != nil || again == nil {
		return nil, err
	}
	switch {
	case again.RemoteID != l.RemoteID || again.moving(since):
		c.report.Moving++
		return nil, nil
	case object == nil:
		return again.about(findOnlyLocal, again.RemoteID), nil
	}
	return c.judgeLinked(again, *object, since), nil
}

const linkColumns = `local_id, COALESCE(remote_id, '') AS remote_id, desired, desired_version, shadow, version, generation, seq,
    pending, intent, doubt, checks, checked, gone, state, offered, paused, due_at, updated_at`

// These look the links up one by one, by their indexes: as a set, the whole table would be read.
const (
	linksByRemoteSQL = `
SELECT l.* FROM jsonb_array_elements_text(?::jsonb) AS wanted (id) CROSS JOIN LATERAL (
    SELECT ` + linkColumns + ` FROM links WHERE kind = ? AND remote_id = wanted.id LIMIT 1) AS l`
	linksByMarkSQL = `
SELECT l.* FROM jsonb_array_elements_text(?::jsonb) AS wanted (id) CROSS JOIN LATERAL (
    SELECT ` + linkColumns + ` FROM links WHERE kind = ? AND local_id = wanted.id::uuid LIMIT 1) AS l`
)

// linksOf reads the links that objects belong to: by their ids, and those that are linked to nothing by their marks.
func (c *comparison) linksOf(ctx context.Context, objects []Object) (neighbours, error) {
	near := neighbours{map[string]*link{}, map[string]*link{}}
	ids, marks := []string{}, []string{}
	for _, object := range objects {
		ids = append(ids, object.ID)
	}
	if err := c.addLinks(ctx, near, linksByRemoteSQL, ids); err != nil {
		return near, err
	}
	for _, object := range objects {
		if near.byRemote[object.ID] != nil {
			continue
		}
		if id, err := uuid.Parse(object.LocalID); err == nil && id.String() == object.LocalID {
			marks = append(marks, object.LocalID)
		}
	}
	return near, c.addLinks(ctx, near, linksByMarkSQL, marks)
}

func (c *comparison) addLinks(ctx context.Context, near neighbours, query string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	var found []*link
	if err := c.o.DB.WithContext(ctx).Raw(query, jsonList(ids), c.o.Kind).Scan(&found).Error; err != nil {
		return fmt.Errorf("read links: %w", err)
	}
	for _, l := range found {
		near.byMark[l.LocalID] = l
		if l.RemoteID != "" {
			near.byRemote[l.RemoteID] = l
		}
	}
	return nil
}

// linkOf reads one link; nil when there is none.
func (c *comparison) linkOf(ctx context.Context, localID string) (*link, error) {
	var found []*link
	err := c.o.DB.WithContext(ctx).
		Raw(`SELECT `+linkColumns+` FROM links WHERE kind = ? AND local_id = ?`, c.o.Kind, localID).Scan(&found).Error
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}
