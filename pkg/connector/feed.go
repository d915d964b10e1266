package connector

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"
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
	Position string // to begin at the next time; it may be older than the last notice, to look again at what was not settled
	Next     string // to go on from now; "" when this was the last page
}

// ErrForgotten means that a feed does not reach back to a position: only a full comparison can tell what was missed.
var ErrForgotten = errors.New("the remote's feed does not reach back that far")

// claimFeedSQL lets one of all replicas poll, once in each interval. A turn that came to no end is taken again by whoever
// finds it over; one that failed is over when its replica wants to try again.
const claimFeedSQL = `
INSERT INTO feeds (kind, turn_until) VALUES (@kind, now() + make_interval(secs => @turn))
ON CONFLICT (kind) DO UPDATE SET turn_until = EXCLUDED.turn_until
WHERE feeds.turn_until <= now() AND feeds.polled_at <= now() - make_interval(secs => @interval)
RETURNING position, now() AS began`

// PollFeed polls the Remote's feed until ctx ends, once at the start and then in each interval; one of all replicas does
// it. A turn that fails is made up for soon, later and later while it goes on failing, but not later than the next one.
// Without a Feed it only waits.
func (e *Engine) PollFeed(ctx context.Context) error {
	feed, ok := e.o.Remote.(Feed)
	if !ok {
		<-ctx.Done()
		return nil
	}
	failures := 0
	for {
		held, err := e.pollOnce(ctx, feed)
		switch began, ended := e.feed.note(err); {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // that is how the loop is told to end
		case began:
			e.o.Log.WarnContext(ctx, "the remote's feed could not be read; webhooks go on", slog.Any("error", err))
		case ended:
			e.o.Log.InfoContext(ctx, "the remote's feed can be read again")
		}
		wait := max(e.o.PollInterval/4, time.Millisecond) // soon after another replica's turn has passed
		switch {
		case err == nil:
			failures = 0
		case !errors.Is(err, errNotOurTurn):
			failures++
			wait = min(max(e.o.Backoff(failures), classify(err).After, time.Millisecond), e.o.PollInterval)
			if held {
				e.yieldFeed(ctx, wait)
			}
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// yieldFeed ends a turn that failed: anybody may take it again after a while. Without a database it ends by itself.
func (e *Engine) yieldFeed(ctx context.Context, wait time.Duration) {
	err := e.o.DB.WithContext(ctx).
		Exec(`UPDATE feeds SET turn_until = now() + make_interval(secs => ?) WHERE kind = ?`, wait.Seconds(), e.o.Kind).Error
	if err != nil && ctx.Err() == nil {
		e.o.Log.DebugContext(ctx, "the turn at the remote's feed ends by itself", slog.Any("error", err))
	}
}

// tellNoticed stores when the last notice came in by itself, if there is news.
func (e *Engine) tellNoticed(ctx context.Context) error {
	at := e.noticed.Swap(nil)
	if at == nil {
		return nil
	}
	err := e.o.DB.WithContext(ctx).Exec(`
INSERT INTO feeds AS f (kind, noticed_at) VALUES (?, ?)
ON CONFLICT (kind) DO UPDATE SET noticed_at = greatest(f.noticed_at, EXCLUDED.noticed_at)`, e.o.Kind, at.UTC()).Error
	if err != nil {
		e.noticed.CompareAndSwap(nil, at)
		return fmt.Errorf("store when the last notice came in: %w", err)
	}
	return nil
}

// FeedReady returns nil, or why the remote's feed could not be read by this replica the last time.
func (e *Engine) FeedReady() error { return e.feed.last() }

// errNotOurTurn: another replica reads the feed.
var errNotOurTurn = errors.New("another replica reads the feed")

// pollOnce reads the feed to its end, if it is this replica's turn. Notices that are not settled yet are read again the
// next time, however many pages they fill; they end as duplicates. held: it was this replica's turn.
func (e *Engine) pollOnce(ctx context.Context, feed Feed) (held bool, err error) {
	var turns []struct {
		Position string
		Began    time.Time
	}
	err = e.o.DB.WithContext(ctx).Raw(claimFeedSQL, map[string]any{
		"kind": e.o.Kind, "turn": e.o.Lease.Seconds(), "interval": e.o.PollInterval.Seconds(),
	}).Scan(&turns).Error
	if err != nil {
		return false, err
	}
	if len(turns) == 0 {
		return false, errNotOurTurn
	}
	position, began := turns[0].Position, turns[0].Began
	for from := position; ; {
		page, err := e.readFeed(ctx, feed, from)
		if err != nil {
			return true, err
		}
		if err := e.takeAll(ctx, page.Notices); err != nil {
			return true, err
		}
		if err := e.advanceFeed(ctx, position, page, began); err != nil || page.Next == "" {
			return true, err
		}
		position, from = page.Position, page.Next
	}
}

// takeAll takes in a page of notices at once, so that they share transactions.
func (e *Engine) takeAll(ctx context.Context, notices []Notice) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, notice := range notices {
		group.Go(func() error { return e.take(ctx, notice) })
	}
	return group.Wait()
}

// advanceFeed stores how far the feed has been read. After the last page that ends the turn, else it goes on. It is not
// ours any more when another replica has read on, because we took too long.
func (e *Engine) advanceFeed(ctx context.Context, position string, page FeedPage, began time.Time) error {
	result := e.o.DB.WithContext(ctx).Exec(`
UPDATE feeds SET position = @next, polled_at = CASE WHEN @last THEN @began ELSE polled_at END,
    turn_until = CASE WHEN @last THEN now() ELSE now() + make_interval(secs => @turn) END
WHERE kind = @kind AND position = @position`, map[string]any{
		"kind": e.o.Kind, "position": position, "next": page.Position, "last": page.Next == "", "began": began, "turn": e.o.Lease.Seconds(),
	})
	if result.Error != nil {
		return fmt.Errorf("store the feed's position: %w", result.Error)
	}
	if result.RowsAffected == 0 {
		return errNotOurTurn
	}
	return nil
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
