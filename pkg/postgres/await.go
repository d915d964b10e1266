package postgres

import (
	"context"
	"log/slog"
	"time"
)

// Await calls f until it does not fail with an Unavailable database, or ctx ends: for what a program does while it
// starts, so that it waits for a database that starts or goes away in the middle instead of ending. f may have had its
// effect when it is called again.
func Await(ctx context.Context, log *slog.Logger, f func() error) error {
	const first, longest = 50 * time.Millisecond, time.Second
	for delay := first; ; delay = min(2*delay, longest) {
		err := f()
		if err == nil || ctx.Err() != nil || !Unavailable(err) {
			return err
		}
		if delay == first {
			log.WarnContext(ctx, "waiting for the database", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(delay):
		}
	}
}
