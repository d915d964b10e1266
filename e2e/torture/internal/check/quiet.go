package check

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/oracle"
)

// Quiet watches for a while: nobody may call Stripe, but for a look at its feed of events, and the queues must be empty in the end.
func (c *Checker) Quiet(ctx context.Context, d time.Duration) (calls, dead int, findings []oracle.Finding, err error) {
	before, err := c.Stats(ctx)
	if err != nil {
		return 0, 0, nil, err
	}
	if err := pause(ctx, d); err != nil {
		return 0, 0, nil, err
	}
	after, err := c.Stats(ctx)
	if err != nil {
		return 0, 0, nil, err
	}
	was, is := before.Calls(), after.Calls()
	if calls = is.All - was.All; calls > 0 {
		findings = append(findings, unexpected("%d calls to Stripe within %s of quiet: %s", calls, d, moved(before, after)))
	}
	// Once, the feed may be read: the last minute again, a hundred events a page.
	if read, once := is.Feed-was.Feed, 3+(after.Customers.Created+after.Deliveries.OK)/100; read > once {
		findings = append(findings, unexpected("the feed was read %d times within %s of quiet", read, d))
	}
	queues, err := c.Cluster.Servers.Queues(ctx)
	if len(queues) != 4 {
		findings = append(findings, unexpected("%d queues instead of 4", len(queues)))
	}
	for _, q := range queues {
		if q.Messages == 0 {
			continue
		}
		findings = append(findings, unexpected("%d messages in %s", q.Messages, q.Name))
	}
	dead, countErr := c.deadLetters(ctx)
	if dead > 0 {
		findings = append(findings, unexpected("%d dead letters", dead))
	}
	return calls, dead, findings, errors.Join(err, countErr)
}

// deadLetters counts those of all services, whatever became of them.
func (c *Checker) deadLetters(ctx context.Context) (count int, err error) {
	err = c.Database.QueryRow(ctx, `SELECT (SELECT count(*) FROM `+cluster.CatalogSchema+`.dead_letters)
		+ (SELECT count(*) FROM `+cluster.ConnectorSchema+`.dead_letters)`).Scan(&count)
	if err != nil {
		return 0, fmt.Errorf("count dead letters: %w", err)
	}
	return count, nil
}

// moved says which calls were made between two looks.
func moved(before, after Stats) string {
	var list []string
	for endpoint, statuses := range after.Requests {
		for status, count := range statuses {
			if more := count - before.Requests[endpoint][status]; more > 0 {
				list = append(list, fmt.Sprintf("%d x %s %s", more, endpoint, status))
			}
		}
	}
	return strings.Join(list, ", ")
}
