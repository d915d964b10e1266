package adminapi

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/deadletter"
	"github.com/datasync-dev/datasync/pkg/outbox"
)

// CountLimit is how far a status counts: beyond, that there is much is all that matters.
const CountLimit = 10_000

// Outbox is the hop of messages that wait to be published.
func Outbox(ctx context.Context, db *gorm.DB) (admin.Hop, error) {
	hop := admin.Hop{Name: "outbox"}
	err := db.WithContext(ctx).Raw(`SELECT count(*) FROM (SELECT FROM outbox LIMIT ?) AS counted`, CountLimit).Scan(&hop.Depth).Error
	if err != nil {
		return hop, fmt.Errorf("count the outbox: %w", err)
	}
	oldest, _, err := outbox.Stats(ctx, db)
	hop.OldestSeconds = oldest.Seconds()
	return hop, err
}

// Queue is the hop of messages in a queue. A broker that cannot be asked is the hop's problem.
func Queue(ctx context.Context, broker Broker, name, queue string) admin.Hop {
	state, err := broker.Inspect(ctx, queue)
	hop := admin.Hop{Name: name, Depth: int64(state.Messages), Problem: state.Problem}
	if err != nil {
		hop.Problem = unseen(err)
	}
	return hop
}

// DeadLetters is the hop of messages that wait for an operator.
func DeadLetters(ctx context.Context, db *gorm.DB) (admin.Hop, error) {
	waiting, oldest, err := deadletter.Stats(ctx, db)
	hop := admin.Hop{Name: "dead letters", Depth: waiting, OldestSeconds: oldest.Seconds()}
	if waiting > 0 {
		hop.Problem = "messages could not be handled: look at the dead letters, then replay or discard them"
	}
	return hop, err
}
