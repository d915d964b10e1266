package check

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/oracle"
	"github.com/datasync-dev/datasync/pkg/record"
)

// Converge waits until nothing moves any more and all sides agree, and returns how long that took. After limit it
// gives up: Findings says what is wrong.
func (c *Checker) Converge(ctx context.Context, records []*oracle.Record, limit time.Duration, log *slog.Logger) (time.Duration, bool) {
	began, told := time.Now(), time.Now()
	for time.Since(began) < limit {
		unrest, err := c.Unrest(ctx)
		if err == nil && unrest.Quiet() {
			var differences []oracle.Finding
			if differences, err = c.differences(ctx, records); err == nil && len(differences) == 0 {
				return time.Since(began), true
			}
		}
		if time.Since(told) > 5*time.Second {
			told = time.Now()
			log.InfoContext(ctx, "waiting for quiet", slog.Any("moving", unrest), slog.Any("error", err))
		}
		if pause(ctx, interval) != nil {
			break
		}
	}
	return time.Since(began), false
}

// differences are the records whose sides do not agree.
func (c *Checker) differences(ctx context.Context, records []*oracle.Record) ([]oracle.Finding, error) {
	w, err := c.load(ctx)
	if err != nil {
		return nil, err
	}
	return w.disagreements(records), nil
}

// disagreements finds records whose sides do not agree, and objects at Stripe that belong to nobody.
func (w world) disagreements(records []*oracle.Record) (findings []oracle.Finding) {
	known := map[string]bool{}
	for _, r := range records {
		if text := w.disagreement(r); text != "" {
			findings = append(findings, oracle.Finding{Fault: oracle.Diverged, Record: r, Text: text})
		}
		local, _ := r.IDs()
		known[w.links[local].RemoteID] = true
	}
	for id, object := range w.stripe {
		if !known[id] {
			findings = append(findings, oracle.Finding{
				Fault: oracle.Diverged, Text: fmt.Sprintf("%s at Stripe, marked %q, belongs to no customer", id, object.Mark),
			})
		}
	}
	return findings
}

// disagreement says in what the sides of a record differ; "" when they agree.
func (w world) disagreement(r *oracle.Record) string {
	local, remote := r.IDs()
	customer, inCatalog := w.customers[local]
	l, linked := w.links[local]
	if remote == "" {
		remote = l.RemoteID
	}
	object, atStripe := w.stripe[remote]
	alive := inCatalog && !customer.Deleted
	switch {
	case r.Poison:
		return w.parked(r)
	case !alive && atStripe:
		return "not in the catalog, but at Stripe"
	case !alive && linked && !l.Gone:
		return "not in the catalog, but the link is not a tombstone"
	case !alive:
		return ""
	case !linked:
		return "no link"
	case !atStripe:
		return "not at Stripe"
	case l.RemoteID != remote:
		return fmt.Sprintf("linked with %s and not with %s", l.RemoteID, remote)
	case l.State != "synced" || w.states[local] != "synced":
		return fmt.Sprintf("the link is %s, the catalog believes it is %s", l.State, w.states[local])
	case !customer.Fields.Equal(object.Fields):
		return fmt.Sprintf("catalog and Stripe differ: %v", record.Diff(customer.Fields, object.Fields))
	case !customer.Fields.Equal(l.Shadow):
		return fmt.Sprintf("catalog and shadow differ: %v", record.Diff(customer.Fields, l.Shadow))
	}
	return ""
}

// parked says why a poison customer is not parked as it should be.
func (w world) parked(r *oracle.Record) string {
	local, _ := r.IDs()
	l := w.links[local]
	if l.State != "failed" || l.Class != "permanent" || w.states[local] != "failed" {
		return fmt.Sprintf("poison, but the link is %s (%s) and the catalog believes it is %s", l.State, l.Class, w.states[local])
	}
	if l.Field != "address.country" {
		return fmt.Sprintf("parked for the field %q and not for address.country", l.Field)
	}
	return ""
}

// Findings holds the quiet cluster against everything that was promised.
func (c *Checker) Findings(ctx context.Context, records []*oracle.Record) ([]oracle.Finding, Counts, error) {
	w, err := c.load(ctx)
	if err != nil {
		return nil, Counts{}, err
	}
	findings := w.disagreements(records)
	counts := Counts{Customers: len(w.customers), Conflicts: len(w.conflicts)}
	byID := map[string]*oracle.Record{}
	for _, r := range records {
		local, _ := r.IDs()
		byID[local] = r
		customer, there := w.customers[local]
		findings = append(findings, r.Judge(customer.Fields, there && !customer.Deleted)...)
	}
	for id, l := range w.links {
		r := byID[id]
		switch {
		case r == nil:
			findings = append(findings, Unexpected("a link %s with %q that belongs to no customer of the run", id, l.RemoteID))
		case l.State == "failed" && r.Poison:
			counts.Parked++
		case l.State == "failed":
			findings = append(findings, oracle.Finding{Fault: oracle.Unexpected, Record: r, Text: "parked, though there is nothing wrong with it"})
		}
	}
	findings = append(findings, w.phantoms(byID)...)
	stats, err := c.Stats(ctx)
	for _, mark := range stats.DuplicateMarks {
		findings = append(findings, oracle.Finding{Fault: oracle.Duplicate, Record: byID[local(mark)], Text: "more than one customer was made at Stripe for " + mark})
	}
	counts.Duplicates = stats.Duplicates
	return findings, counts, err
}

// Counts are numbers for the report.
type Counts struct{ Customers, Conflicts, Parked, Duplicates int }

// local is the local id in a mark.
func local(mark string) string { return mark[min(len(mark), len(cluster.ConnectorName)+1):] }

// Unexpected is a finding that is about no customer.
func Unexpected(format string, args ...any) oracle.Finding {
	return oracle.Finding{Fault: oracle.Unexpected, Text: fmt.Sprintf(format, args...)}
}

// phantoms are conflicts on record between values that nobody wrote: the connector took a write of its own for a person's.
func (w world) phantoms(byID map[string]*oracle.Record) (findings []oracle.Finding) {
	for _, x := range w.conflicts {
		r := byID[x.CustomerID]
		if r == nil {
			continue
		}
		if x.CatalogBy == "catalog" && !r.Wrote(oracle.Catalog, x.Field, x.CatalogValue) || !r.Wrote(oracle.Stripe, x.Field, x.RemoteValue) {
			findings = append(findings, oracle.Finding{
				Fault: oracle.Unexpected, Record: r,
				Text: fmt.Sprintf("a conflict about %s that was none: %q in the catalog, %q at Stripe", x.Field, x.CatalogValue, x.RemoteValue),
			})
		}
	}
	return findings
}

// Expected is a conflict that has to be on record.
type Expected struct {
	Record                 *oracle.Record
	Field, Catalog, Stripe string
}

// Missing are the expected conflicts that are not on record, or more than once, or settled wrongly.
func (c *Checker) Missing(ctx context.Context, expected []Expected) (findings []oracle.Finding, err error) {
	w := world{}
	if err := c.loadConflicts(ctx, &w); err != nil {
		return nil, err
	}
	for _, e := range expected {
		id, _ := e.Record.IDs()
		found := slices.DeleteFunc(slices.Clone(w.conflicts), func(x conflict) bool {
			return x.CustomerID != id || x.Field != e.Field || x.CatalogValue != e.Catalog || x.RemoteValue != e.Stripe
		})
		if len(found) != 1 || found[0].Winner != cluster.ConnectorName { // the newest wins, and Stripe's was written last
			findings = append(findings, oracle.Finding{
				Fault: oracle.Unexpected, Record: e.Record, Text: fmt.Sprintf("a known conflict about %s is on record as %v", e.Field, found),
			})
		}
	}
	return findings, nil
}
