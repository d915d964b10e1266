package check

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/oracle"
	"github.com/datasync-dev/datasync/pkg/connector"
)

// swept is how many customers the sweep may look at in a short time of quiet: one, of thousands in a week.
const swept = 1

// sought is how many reads may look for the second in which a feed begins that was empty at first: a month in halves.
const sought = 25

// Quiet watches for a while: nobody may call Stripe, but for a look at its feed of events and at a customer whose turn has
// come in the sweep, and the queues must be empty in the end.
func (c *Checker) Quiet(ctx context.Context, d time.Duration) (calls int, findings []oracle.Finding, err error) {
	before, err := c.Stats(ctx)
	if err != nil {
		return 0, nil, err
	}
	if err := pause(ctx, d); err != nil {
		return 0, nil, err
	}
	after, err := c.Stats(ctx)
	if err != nil {
		return 0, nil, err
	}
	was, is := before.Calls(), after.Calls()
	calls = is.All - was.All
	if looks := is.Looks - was.Looks; calls > min(looks, swept) {
		findings = append(findings, Unexpected("%d calls to Stripe within %s of quiet: %s", calls, d, moved(before, after)))
	}
	// Once, the feed may be read, for the first time perhaps: the last minute again, a hundred events a page.
	if read, once := is.Feed-was.Feed, sought+3+(after.Customers.Created+after.Deliveries.OK)/100; read > once {
		findings = append(findings, Unexpected("the feed was read %d times within %s of quiet", read, d))
	}
	queues, err := c.Cluster.Servers.Queues(ctx)
	return calls, append(findings, waiting(queues)...), err
}

// waiting finds queues that are missing or not empty. Replicas may have queues of their own beside those of the services.
func waiting(queues []cluster.Queue) (findings []oracle.Finding) {
	missing := map[string]bool{
		"catalog.changes.v1": true, "catalog.dead.v1": true,
		connector.EventsQueue(cluster.ConnectorName): true, connector.DeadQueue(cluster.ConnectorName): true,
	}
	for _, q := range queues {
		delete(missing, q.Name)
		if q.Messages > 0 {
			findings = append(findings, Unexpected("%d messages in %s", q.Messages, q.Name))
		}
	}
	for name := range missing {
		findings = append(findings, Unexpected("there is no queue %s", name))
	}
	return findings
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
