package connector

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// pause is why and until when an engine claims nothing.
type pause struct {
	reason string
	until  time.Time
}

// Ready returns nil, or why the engine does nothing until an operator acts.
func (e *Engine) Ready() error {
	if p := e.paused.Load(); p != nil {
		return errors.New(p.reason)
	}
	return nil
}

// pause stops claiming for a while: what failed for one record would fail for every other.
func (e *Engine) pause(reason string) {
	if old := e.paused.Swap(&pause{reason, time.Now().Add(e.o.Probe)}); old == nil {
		e.o.Log.Error("paused: an operator has to act", slog.String("reason", reason))
	}
}

// resume ends a pause: the remote has answered.
func (e *Engine) resume() {
	if e.paused.Load() != nil && e.paused.Swap(nil) != nil {
		e.o.Log.Info("resumed: the remote answers again")
		e.Wake()
	}
}

func (e *Engine) claimUnlessPaused(ctx context.Context, limit int) ([]*link, error) {
	if p := e.paused.Load(); p != nil {
		if time.Now().Before(p.until) {
			return nil, nil
		}
		limit = 1 // one record finds out whether it works again
	}
	return e.claim(ctx, limit)
}
