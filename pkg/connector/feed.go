package connector

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Feed is for a Remote that can be asked what moved. The engine polls it to fill the gaps that lost webhooks leave.
type Feed interface {
	// Since returns what happened after a position, oldest first, and where to go on. The position "" stands for now:
	// it returns no notices. A position that the remote has forgotten is ErrForgotten.
	Since(ctx context.Context, position string) (FeedPage, error)
}

// FeedPage is a part of a feed.
type FeedPage struct {
	Notices  []Notice
	Position string // to give to Since next; it may be older than the last notice, to look again at what was not settled
	More     bool   // there is another page already
}

// ErrForgotten means that a feed does not reach back to a position: only a full comparison can tell what was missed.
var ErrForgotten = errors.New("the remote's feed does not reach back that far")

// claimFeedSQL lets one of all replicas poll, once in each interval.
const claimFeedSQL = `
INSERT INTO feeds (kind, polled_at) VALUES (?, now())
ON CONFLICT (kind) DO UPDATE SET polled_at = now() WHERE feeds.polled_at <= now() - make_interval(secs => ?)
RETURNING position`

// PollFeed polls the Remote's feed until ctx ends, once at the start and then in each interval; one of all replicas does
// it. Without a Feed it only waits.
func (e *Engine) PollFeed(ctx context.Context) error {
	feed, ok := e.o.Remote.(Feed)
	if !ok {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(max(e.o.PollInterval/4, time.Millisecond)) // soon after another replica's turn has passed
	defer tick.Stop()
	for {
		if err := e.pollOnce(ctx, feed); err != nil && ctx.Err() == nil {
			e.o.Log.WarnContext(ctx, "the remote's feed could not be read; webhooks go on", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// pollOnce reads the feed to its end, if it is this replica's turn.
func (e *Engine) pollOnce(ctx context.Context, feed Feed) error {
	var position *string
	err := e.o.DB.WithContext(ctx).Raw(claimFeedSQL, e.o.Kind, e.o.PollInterval.Seconds()).Scan(&position).Error
	if err != nil || position == nil {
		return err
	}
	for {
		page, err := e.readFeed(ctx, feed, *position)
		if err != nil {
			return err
		}
		for _, notice := range page.Notices {
			if err := e.Notify(ctx, notice); err != nil {
				return err
			}
		}
		err = e.o.DB.WithContext(ctx).
			Exec(`UPDATE feeds SET position = ? WHERE kind = ? AND position = ?`, page.Position, e.o.Kind, *position).Error
		if err != nil {
			return fmt.Errorf("store the feed's position: %w", err)
		}
		if !page.More {
			return nil
		}
		*position = page.Position
	}
}

func (e *Engine) readFeed(ctx context.Context, feed Feed, position string) (FeedPage, error) {
	call, cancel := context.WithTimeout(ctx, e.o.CallTimeout)
	defer cancel()
	page, err := feed.Since(call, position)
	if !errors.Is(err, ErrForgotten) {
		return page, err
	}
	const gap = "the connector was away for longer than the remote keeps its events: compare everything once"
	e.o.Log.ErrorContext(ctx, gap)
	if err := e.o.DB.WithContext(ctx).Exec(`UPDATE feeds SET gap = ?, gap_at = clock_timestamp() WHERE kind = ?`, gap, e.o.Kind).Error; err != nil {
		return page, fmt.Errorf("note the gap: %w", err)
	}
	return feed.Since(call, "")
}
