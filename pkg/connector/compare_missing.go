package connector

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

const (
	window = 1000 // links that are looked through at once
	// maxVerified bounds the objects that are asked for one by one. Where more are missing from the listing, it is the
	// listing that is in doubt: another account's key, most likely.
	maxVerified = 10_000
	notVerified = "not verified" // a count
)

// missingSQL are the links of a window that the listing did not show and that no match speaks for. It begins with the
// end of the window, so that a window of links that were all shown is got over too.
const missingSQL = `
WITH part AS MATERIALIZED (SELECT local_id FROM links WHERE kind = @kind AND local_id > @after ORDER BY local_id LIMIT @window)
SELECT ` + linkColumns + ` FROM links l WHERE kind = @kind AND local_id IN (SELECT local_id FROM part)
    AND NOT gone AND desired IS NOT NULL AND NOT COALESCE((desired->>'deleted')::boolean, false)
    AND NOT EXISTS (SELECT FROM listed s WHERE s.job_id = @job AND s.local_id = l.local_id)
    AND NOT EXISTS (SELECT FROM findings f WHERE f.job_id = @job AND f.record_id = l.local_id AND f.kind IN ('match', 'only_remote'))
    AND NOT EXISTS (SELECT FROM match_keys k WHERE k.job_id = @job AND k.id = l.local_id::text AND k.contested)
ORDER BY local_id`

const windowEndSQL = `
SELECT local_id FROM (SELECT local_id FROM links WHERE kind = ? AND local_id > ? ORDER BY local_id LIMIT ?) AS part
ORDER BY local_id DESC LIMIT 1`

// firstID is below every local id.
const firstID = "00000000-0000-0000-0000-000000000000"

// after is the local id behind which a walk over the links goes on.
func (c *comparison) after() string {
	if c.at.Cursor == "" {
		return firstID
	}
	return c.at.Cursor
}

// windowEnd is the last local id of the next window; "" at the end.
func (c *comparison) windowEnd(ctx context.Context) (end string, err error) {
	err = c.o.DB.WithContext(ctx).Raw(windowEndSQL, c.o.Kind, c.after(), window).Scan(&end).Error
	if err != nil {
		return "", fmt.Errorf("read links: %w", err)
	}
	return end, nil
}

// findMissing walks over all links for those that the listing did not show.
func (c *comparison) findMissing(ctx context.Context) error {
	for {
		end, err := c.windowEnd(ctx)
		if err != nil {
			return err
		}
		if end == "" {
			return c.enterRepair(ctx)
		}
		var missing []*link
		err = c.o.DB.WithContext(ctx).Raw(missingSQL, map[string]any{
			"kind": c.o.Kind, "after": c.after(), "window": window, "job": c.run.ID,
		}).Scan(&missing).Error
		if err != nil {
			return fmt.Errorf("look for missing objects: %w", err)
		}
		if err := c.reportMissing(ctx, missing, end); err != nil {
			return err
		}
	}
}

// reportMissing looks at the links of a window. A customer without an object is reported as it is; a missing object only
// after the remote has said so. What was found is committed before each call, which may put the job off.
func (c *comparison) reportMissing(ctx context.Context, missing []*link, end string) error {
	var found []*finding
	for _, l := range missing {
		switch {
		case l.busy() || l.RemoteID != "" && l.moving(c.at.Began):
			c.report.Moving++
		case l.RemoteID == "":
			found = append(found, l.about(findOnlyLocal, ""))
		case c.at.Verified >= maxVerified:
			c.run.Counts[notVerified]++
		default:
			if err := c.commitUpTo(ctx, found, c.at.Cursor); err != nil {
				return err
			}
			f, err := c.verifyMissing(ctx, l)
			if err != nil {
				return err
			}
			found = f
		}
		c.at.Cursor = l.LocalID
	}
	return c.commitUpTo(ctx, found, end)
}

// commitUpTo stores findings, and that the walk over the links has come this far.
func (c *comparison) commitUpTo(ctx context.Context, found []*finding, cursor string) error {
	c.count(found)
	c.at.Cursor = cursor
	return c.commit(ctx, func(tx *gorm.DB) error { return storeFindings(tx, found) })
}

// verifyMissing asks the remote for the object of a link.
func (c *comparison) verifyMissing(ctx context.Context, l *link) ([]*finding, error) {
	since, err := c.now(ctx)
	if err != nil {
		return nil, err
	}
	f, err := c.verify(ctx, l, since)
	if err != nil {
		return nil, err
	}
	c.at.Verified++
	if f == nil {
		return nil, nil
	}
	return []*finding{f}, nil
}
