package service

import (
	"context"
	"log/slog"
	"time"
)

// Every is a loop that does something at its start and then at each interval. A failure is logged and made up for at the
// next one.
func Every(name string, interval time.Duration, log *slog.Logger, do func(ctx context.Context) error) Loop {
	return Loop{Name: name, Run: func(ctx context.Context) error {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			if err := do(ctx); err != nil && ctx.Err() == nil {
				log.WarnContext(ctx, "this did not work; trying again later", slog.String("part", name),
					slog.Duration("after", interval), slog.Any("error", err))
			}
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
			}
		}
	}}
}
