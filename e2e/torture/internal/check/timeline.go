package check

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/drive"
	"github.com/datasync-dev/datasync/e2e/torture/internal/oracle"
)

// Timeline writes everything that is known of one record: what was written, broken, called and logged, in order of time,
// then all rows about it.
func (c *Checker) Timeline(ctx context.Context, out io.Writer, r *oracle.Record, broken []drive.Event) {
	local, remote := r.IDs()
	if remote == "" {
		_ = c.Database.QueryRow(ctx, `SELECT COALESCE(remote_id, '') FROM `+cluster.ConnectorSchema+`.links WHERE local_id = $1`, local).Scan(&remote)
	}
	fmt.Fprintf(out, "\n==== %s: %s in the catalog, %s at Stripe\n", r.Label, local, remote)
	events := append(c.written(r), c.called(ctx, remote)...)
	events = append(events, c.logged(local, remote)...)
	events = append(events, around(events, broken)...)
	slices.SortStableFunc(events, byTime)
	for _, e := range events {
		fmt.Fprintf(out, "%s  %s\n", e.Time.Local().Format("15:04:05.000"), e.Text)
	}
	for title, sql := range map[string]string{
		"customer":        `SELECT to_jsonb(t) FROM ` + cluster.CatalogSchema + `.customers t WHERE id = $1`,
		"sync state":      `SELECT to_jsonb(t) FROM ` + cluster.CatalogSchema + `.customer_sync t WHERE customer_id = $1`,
		"conflicts":       `SELECT to_jsonb(t) FROM ` + cluster.CatalogSchema + `.conflicts t WHERE customer_id = $1 ORDER BY id`,
		"link":            `SELECT to_jsonb(t) FROM ` + cluster.ConnectorSchema + `.links t WHERE local_id = $1`,
		"inbox, by link":  `SELECT to_jsonb(t) FROM ` + cluster.ConnectorSchema + `.inbox t WHERE local_id = $1 ORDER BY received_at`,
		"ledger":          `SELECT to_jsonb(t) FROM ` + cluster.CatalogSchema + `.changes t WHERE record_id = $1 ORDER BY id`,
		"inbox, by event": `SELECT to_jsonb(t) FROM ` + cluster.ConnectorSchema + `.inbox t WHERE remote_id = (SELECT remote_id FROM ` + cluster.ConnectorSchema + `.links WHERE local_id = $1) ORDER BY received_at`,
	} {
		c.rows(ctx, out, title, sql, local)
	}
	var object json.RawMessage
	if remote != "" && c.Simulator.Get(ctx, "/_sim/customers/"+remote, &object) == nil {
		fmt.Fprintf(out, "-- at Stripe\n%s\n", object)
	}
}

func byTime(a, b drive.Event) int { return a.Time.Compare(b.Time) }

// around is what was broken while something happened to the record, and shortly before and after.
func around(events, broken []drive.Event) []drive.Event {
	const before, after = 15 * time.Second, 10 * time.Second
	if len(events) == 0 {
		return broken
	}
	from, to := slices.MinFunc(events, byTime).Time.Add(-before), slices.MaxFunc(events, byTime).Time.Add(after)
	return slices.DeleteFunc(slices.Clone(broken), func(e drive.Event) bool { return e.Time.Before(from) || e.Time.After(to) })
}

func (c *Checker) rows(ctx context.Context, out io.Writer, title, sql, id string) {
	rows, err := c.Database.Query(ctx, sql, id)
	if err != nil {
		return // a table that this version does not have
	}
	defer rows.Close()
	for first := true; rows.Next(); first = false {
		var row string
		if rows.Scan(&row) != nil {
			return
		}
		if first {
			fmt.Fprintf(out, "-- %s\n", title)
		}
		fmt.Fprintln(out, row)
	}
}

// written is what the oracle knows.
func (c *Checker) written(r *oracle.Record) (events []drive.Event) {
	for _, w := range r.Writes() {
		what := fmt.Sprint(w.Patch)
		if w.Delete {
			what = "delete"
		}
		events = append(events, drive.Event{Time: w.Ended, Text: fmt.Sprintf(
			"WRITTEN at %s, number %d, knew %d, begun %s: %s", w.Writer, w.Order, w.Knew, w.Began.Format("15:04:05.000"), what)})
	}
	return events
}

// called are the calls of Stripe's API about the customer, as far as the simulator remembers, and Stripe's events.
func (c *Checker) called(ctx context.Context, remote string) (events []drive.Event) {
	if remote == "" {
		return nil
	}
	var calls struct {
		Data []json.RawMessage `json:"data"`
	}
	_ = c.Simulator.Get(ctx, "/_sim/requests?limit=10000&customer="+url.QueryEscape(remote), &calls) // as far as possible
	for _, raw := range calls.Data {
		var call struct {
			Time time.Time `json:"time"`
		}
		if json.Unmarshal(raw, &call) == nil {
			events = append(events, drive.Event{Time: call.Time, Text: "CALLED " + string(raw)})
		}
	}
	return events
}

// logged are the lines of all logs that name the customer.
func (c *Checker) logged(local, remote string) (events []drive.Event) {
	for _, p := range c.Cluster.Processes() {
		file, err := os.Open(p.LogFile)
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			line := lines.Text()
			if !strings.Contains(line, local) && (remote == "" || !strings.Contains(line, remote)) {
				continue
			}
			stamp, _, _ := strings.Cut(strings.TrimPrefix(line, "time="), " ")
			if at, err := time.Parse(time.RFC3339Nano, stamp); err == nil {
				events = append(events, drive.Event{Time: at, Text: "LOGGED by " + p.Name + ": " + line})
			}
		}
		_ = file.Close()
	}
	return events
}
