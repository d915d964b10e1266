package connector

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// State is how a connector is doing. Everything but the estimated total is counted up to 10,000.
type State struct {
	Due       int64         // records that a worker could take now
	OldestDue time.Duration // how long the first of them has waited
	Records   admin.Records
	Feed      admin.Feed
	Paused    []string // directions that an operator stopped
	Draining  bool     // an operator lets nothing new be taken
}

const dueSQL = `
SELECT count(*) AS due, COALESCE(extract(epoch FROM now() - min(due_at)), 0) AS oldest
FROM (SELECT due_at FROM links WHERE kind = ? AND NOT bulk AND due_at <= now() AND NOT paused
    UNION ALL SELECT due_at FROM links WHERE kind = ? AND bulk AND due_at <= now() AND NOT paused LIMIT ?) AS waiting`

// State looks, cheaply however many records there are.
func (e *Engine) State(ctx context.Context) (s State, err error) {
	db := e.o.DB.WithContext(ctx)
	var waiting struct {
		Due    int64
		Oldest float64
	}
	if err := db.Raw(dueSQL, e.o.Kind, e.o.Kind, maxCount).Scan(&waiting).Error; err != nil {
		return s, fmt.Errorf("count due records: %w", err)
	}
	s.Due, s.OldestDue = waiting.Due, time.Duration(waiting.Oldest*float64(time.Second))
	for _, count := range []struct {
		into  *int64
		where string
	}{
		{&s.Records.Pending, `due_at IS NOT NULL AND NOT paused AND state IN ('pending', 'synced')`},
		{&s.Records.Pending, `held > 0 AND due_at IS NULL AND state IN ('pending', 'synced')`}, // a direction is paused
		{&s.Records.Pending, `paused AND due_at IS NOT NULL AND state IN ('pending', 'synced')`},
		{&s.Records.Retrying, `state = 'retrying' AND state <> 'synced'`},
		{&s.Records.Failed, `state = 'failed' AND state <> 'synced'`},
		{&s.Records.Discarded, discardedOnes},
		{&s.Records.Paused, `paused`},
	} {
		n, err := e.counted(db, count.where)
		if err != nil {
			return s, err
		}
		*count.into = min(*count.into+n, maxCount)
	}
	if s.Records.Total, err = e.estimate(db); err != nil {
		return s, err
	}
	c, err := e.readControl(db)
	if err != nil {
		return s, err
	}
	if !c.Outbound {
		s.Paused = append(s.Paused, admin.Outbound)
	}
	if !c.Inbound {
		s.Paused = append(s.Paused, admin.Inbound)
	}
	s.Draining = c.Drain
	s.Feed, err = e.readFeedState(db)
	return s, err
}

func (e *Engine) readFeedState(db *gorm.DB) (admin.Feed, error) {
	var row struct {
		PolledAt  *time.Time
		Gap       string
		NoticedAt *time.Time
	}
	err := db.Raw(`
SELECT NULLIF(polled_at, '-infinity') AS polled_at, gap, noticed_at FROM feeds WHERE kind = ?`, e.o.Kind).Scan(&row).Error
	if err != nil {
		return admin.Feed{}, fmt.Errorf("look at the feed: %w", err)
	}
	feed := admin.Feed{Gap: row.Gap}
	if row.PolledAt != nil {
		feed.PolledAt = row.PolledAt.UTC()
	}
	if row.NoticedAt != nil {
		feed.NoticedAt = row.NoticedAt.UTC()
	}
	return feed, nil
}
