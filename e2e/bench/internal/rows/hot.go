package rows

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/e2e/bench/internal/report"
	"github.com/datasync-dev/datasync/e2e/bench/internal/rig"
)

const (
	hotEdits      = 1000
	hotOthers     = 1000
	hotOthersFull = 5000
)

// hot puts many edits of one customer into a backlog of others: it must take few calls, and the others no longer.
func hot(ctx context.Context, b *Bench) ([]report.Row, error) {
	ours, err := b.datasync(ctx, 32, 1)
	if err != nil {
		return nil, err
	}
	ours.receiver.SetLatency(20 * time.Millisecond)
	var calls []float64
	var took sample
	others := b.size(hotOthers, hotOthersFull)
	round := func(edits int, took *[]float64) func(bool) error {
		return func(counts bool) error {
			id := uuid.Must(uuid.NewV7()).String()
			result, err := b.drain(ctx, ours, mixed(ours, id, edits, others), others+min(edits, 1))
			if err != nil || !counts {
				return err
			}
			first, last, ofHot := result.calls[0].At, result.calls[0].At, 0
			for _, call := range result.calls {
				if call.LocalID == id {
					ofHot++
				} else {
					last = call.At
				}
			}
			if edits > 0 {
				calls = append(calls, float64(ofHot))
			}
			*took = append(*took, last.Sub(first).Seconds())
			return nil
		}
	}
	err = b.alternate(round(hotEdits, &took.ours), round(0, &took.floor))
	return []report.Row{
		report.New(fmt.Sprintf("hot customer, %d edits among %d others: calls", hotEdits, others), calls, nil, report.Below(5)),
		took.row("hot customer: s for the others, with and without it", report.AtMost(1.1)),
	}, err
}

// mixed spreads the edits of one customer evenly over a backlog.
func mixed(c *consumer, id string, edits, others int) []rig.Message {
	messages, version := make([]rig.Message, 0, others+edits), 0
	for i, other := range c.backlog(others) {
		messages = append(messages, other)
		for ; version < (i+1)*edits/others; version++ {
			messages = append(messages, snapshot(id, int64(version)+1))
		}
	}
	return messages
}
