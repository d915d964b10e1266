package command

import (
	"context"
	"fmt"
	"time"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
)

// until asks again and again until something is true or the time is up, which is an error with exit.Timeout. A wait of 0
// asks not at all.
func until(ctx context.Context, wait time.Duration, ask func(context.Context) (bool, error)) error {
	if wait <= 0 {
		return nil
	}
	limit := time.NewTimer(wait)
	defer limit.Stop()
	ticker := time.NewTicker(askAgain)
	defer ticker.Stop()
	for {
		ok, err := ask(ctx)
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-limit.C:
			return exit.New(exit.Timeout, fmt.Sprintf("it did not happen within %s", wait), "")
		case <-ticker.C:
		}
	}
}
