// Package rows are the rows of the table: what each measures, and what it has to reach.
package rows

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/datasync-dev/datasync/e2e/bench/internal/load"
	"github.com/datasync-dev/datasync/e2e/bench/internal/report"
	"github.com/datasync-dev/datasync/e2e/bench/internal/rig"
)

// Bench is what a row works with.
type Bench struct {
	Rig    *rig.Rig
	Rounds int  // of each side, alternately
	Full   bool // the large sizes, whatever time they take
	// Detail, if not nil, gets a line about each measured piece of work: who used how much CPU for it.
	Detail io.Writer
}

// Row is one scenario. It makes one or more lines of the table.
type Row struct {
	Name string
	Run  func(ctx context.Context, b *Bench) ([]report.Row, error)
}

// All are the rows in the order of the table.
func All() []Row {
	return []Row{
		{"write", write},
		{"commit", commit},
		{"roundtrip", roundTrip},
		{"drain", drain},
		{"hot", hot},
		{"webhook", webhook},
		{"webhookcatalog", webhookToCatalog},
		{"beside", beside},
		{"reconcile", reconcile},
		{"list", list},
		{"idle", idle},
		{"scale", scale},
	}
}

// size is the one that a row is run at: the small one fits into the time that a whole run may take.
func (b *Bench) size(small, full int) int {
	if b.Full {
		return full
	}
	return small
}

// sample are the values of all rounds of the two sides.
type sample struct{ ours, floor []float64 }

func (s *sample) row(name string, goal report.Goal) report.Row {
	return report.New(name, s.ours, s.floor, goal)
}

// alternate runs both sides in turn. One round before them warms everything up and does not count.
func (b *Bench) alternate(ours, floor func(counts bool) error) error {
	for round := range b.Rounds + 1 {
		for _, side := range []func(counts bool) error{ours, floor} {
			if err := side(round > 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// cost runs f and returns how much CPU time everything that belongs to the side has used meanwhile.
func (b *Bench) cost(ctx context.Context, s rig.Side, f func() error) (time.Duration, error) {
	before, err := b.Rig.Usage(ctx, s)
	if err != nil {
		return 0, err
	}
	if err := f(); err != nil {
		return 0, err
	}
	after, err := b.Rig.Usage(ctx, s)
	if b.Detail != nil {
		parts := after.Split(before)
		for _, by := range slices.Sorted(maps.Keys(parts)) {
			fmt.Fprintf(b.Detail, "%s: %s %s  ", s.Name, by, parts[by])
		}
		fmt.Fprintln(b.Detail)
	}
	return after.Since(before), err
}

// body is a customer as a client sends it.
func body(i int) []byte {
	return fmt.Appendf(nil, `{"name":"Customer %d","email":"customer%d@example.com","phone":"+4930%d","address":`+
		`{"line1":"Hauptstr. %d","city":"Berlin","postal_code":"10115","country":"DE"},"metadata":{"plan":"pro"}}`, i, i, i%1000000, i%200)
}

// creates are requests that make customers. headers are pairs of name and value.
func creates(p *rig.Process, headers ...string) load.Target {
	headers = append(headers, "Authorization", "Bearer "+rig.APIKey)
	return load.Target{Addr: p.Addr, Status: http.StatusCreated, Request: func(i int) load.Request {
		return load.NewRequest(http.MethodPost, p.Addr, "/v1/customers", body(i), headers...)
	}}
}
