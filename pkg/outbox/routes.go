package outbox

import (
	"context"
	"log/slog"
	"time"

	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

// route is where a message goes. What happens to one message of a route happens to its others too.
type route struct {
	Exchange string `json:"exchange"`
	Key      string `json:"key"`
}

// routes remembers those that take no messages for now, and when to try them again: a connector that has never run has
// not made its queue yet. The others flow on meanwhile.
type routes struct {
	log    *slog.Logger
	failed map[route]*retry
}

type retry struct {
	at    time.Time
	delay time.Duration
}

func newRoutes(log *slog.Logger) *routes { return &routes{log: log, failed: map[route]*retry{}} }

// waiting returns the routes that are not due yet.
func (r *routes) waiting(now time.Time) []route {
	list := []route{}
	for way, again := range r.failed {
		if again.at.After(now) {
			list = append(list, way)
		}
	}
	return list
}

// untilNext returns how long it is until a route is due; a long time when none has failed.
func (r *routes) untilNext(now time.Time) time.Duration {
	next := time.Duration(1<<63 - 1)
	for _, again := range r.failed {
		next = min(next, max(0, again.at.Sub(now)))
	}
	return next
}

// forget drops the routes that were due and of which there is no row: somebody else has published or deleted them.
func (r *routes) forget(now time.Time, all []row) {
	there := map[route]bool{}
	for _, row := range all {
		there[route{row.Exchange, row.Key}] = true
	}
	for way, again := range r.failed {
		if !again.at.After(now) && !there[way] {
			delete(r.failed, way)
		}
	}
}

// note takes down what became of msgs. A route that has failed once in a batch waits, even when some of it got through.
func (r *routes) note(ctx context.Context, now time.Time, msgs []rabbitmq.Message, results []error) {
	outcomes := map[route]error{}
	for i, m := range msgs {
		way := route{m.Exchange, m.Key}
		if results[i] != nil || outcomes[way] == nil {
			outcomes[way] = results[i]
		}
	}
	for way, err := range outcomes {
		again, failing := r.failed[way]
		where := []any{slog.String("exchange", way.Exchange), slog.String("key", way.Key)}
		switch {
		case err == nil && failing:
			delete(r.failed, way)
			r.log.InfoContext(ctx, "messages of this route are published again", where...)
		case err != nil && failing:
			again.delay = min(2*again.delay, lastDelay)
			again.at = now.Add(again.delay)
		case err != nil:
			r.failed[way] = &retry{at: now.Add(firstDelay), delay: firstDelay}
			r.log.WarnContext(ctx, "messages of this route are kept: the broker does not take them",
				append(where, slog.Any("error", err))...)
		}
	}
}
