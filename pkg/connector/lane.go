package connector

import "context"

// Work comes in two lanes. What a person has just done is live; what a backfill, a comparison or a replay brings in
// masses is bulk, and gives way: live links are claimed first, bulk ones never take all workers, and their calls tell
// the Remote's rate limiter to leave room for others.

type bulkKey struct{}

// WithBulk marks calls to the remote that can wait.
func WithBulk(ctx context.Context) context.Context { return context.WithValue(ctx, bulkKey{}, true) }

// IsBulk reports whether calls under ctx should leave room for others: a Remote's rate limiter asks it.
func IsBulk(ctx context.Context) bool { return ctx.Value(bulkKey{}) != nil }

// bulkTurn is how often bulk work comes first, so that live work which never ends does not stop it for good.
const bulkTurn = 8

// bulkWorkers is how many of the workers bulk work may have at once: a quarter, at least one, stays free for live work.
func bulkWorkers(workers int) int { return max(1, workers-max(1, workers/4)) }

// lanes says how many links of each lane may be claimed.
type lanes struct {
	all   int // in total
	bulk  int // of these, at most so many bulk ones
	first int // bulk ones that come before live ones, if there are any
}
