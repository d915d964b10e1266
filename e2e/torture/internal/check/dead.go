package check

import (
	"context"
	"slices"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/oracle"
)

// DeadLetters holds the dead letters of all services, whatever became of them, against the messages that nobody could
// handle: those, each once, and no other.
func (c *Checker) DeadLetters(ctx context.Context, rubbish []string) (count int, findings []oracle.Finding, err error) {
	type letter struct{ Queue, Message, Reason string }
	letters, err := query[letter](ctx, c, `
SELECT queue, message_id, reason FROM `+cluster.CatalogSchema+`.dead_letters
UNION ALL SELECT queue, message_id, reason FROM `+cluster.ConnectorSchema+`.dead_letters`)
	if err != nil {
		return 0, nil, err
	}
	waiting := slices.Clone(rubbish)
	for _, l := range letters {
		i := slices.Index(waiting, l.Message)
		if i < 0 {
			findings = append(findings, Unexpected("a dead letter %s of %s that is no rubbish, or there twice: %s", l.Message, l.Queue, l.Reason))
			continue
		}
		waiting = slices.Delete(waiting, i, i+1)
	}
	for _, id := range waiting {
		findings = append(findings, Unexpected("message %s could not be handled, and is not among the dead letters", id))
	}
	return len(letters), findings, nil
}
