package check

import (
	"context"
	"fmt"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/oracle"
)

// word is a value that a field of a customer once had in the catalog.
type word struct{ ID, Field, Value string }

// Traces holds the catalog's ledger against what was accepted: each edit in the catalog has one line, and the last word
// of everybody at Stripe was the customer's value at some version, or is on record in a conflict. It may have been
// overwritten, but not without a trace.
func (c *Checker) Traces(ctx context.Context, records []*oracle.Record) (findings []oracle.Finding, err error) {
	local, heard, err := c.words(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		if r.Deleted() {
			continue // nobody needs to hear what was written to a tombstone, and the ledger may have been erased
		}
		id, _ := r.IDs()
		for _, w := range r.Writes() {
			for field, value := range w.Patch {
				if lines := local[word{id, field, value}]; value != "" && w.Writer == oracle.Catalog && lines != 1 {
					findings = append(findings, oracle.Finding{
						Fault: oracle.Unexpected, Record: r, Text: fmt.Sprintf("%q in %s has %d lines in the ledger", value, field, lines),
					})
				}
			}
		}
		for field, value := range r.LastAtStripe() {
			if value != "" && !heard[word{id, field, value}] {
				findings = append(findings, oracle.Finding{
					Fault: oracle.Lost, Record: r, Text: fmt.Sprintf("%q in %s, the last word at Stripe, went without a trace", value, field),
				})
			}
		}
	}
	return findings, nil
}

// words are, from the ledger, how often each value was written in the catalog, and which values the catalog has heard of.
func (c *Checker) words(ctx context.Context) (local map[word]int, heard map[word]bool, err error) {
	type line struct{ ID, Field, Value, Direction string }
	lines, err := query[line](ctx, c, `
SELECT record_id, f->>'field', f->>'after', direction FROM `+cluster.CatalogSchema+`.changes, json_array_elements(fields) AS f
UNION ALL SELECT customer_id::text, field, remote_value, '' FROM `+cluster.CatalogSchema+`.conflicts`)
	local, heard = map[word]int{}, map[word]bool{}
	for _, l := range lines {
		w := word{l.ID, l.Field, l.Value}
		heard[w] = true
		if l.Direction == "local" {
			local[w]++
		}
	}
	return local, heard, err
}
