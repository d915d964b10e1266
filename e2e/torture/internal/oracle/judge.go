package oracle

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/datasync-dev/datasync/pkg/record"
)

// Fault is a kind of broken promise.
type Fault string

// The faults.
const (
	Lost       Fault = "lost"       // an accepted write is nowhere to be seen
	Stale      Fault = "stale"      // a value that its own writer had overwritten is back
	Foreign    Fault = "foreign"    // a value that nobody wrote
	Risen      Fault = "risen"      // deleted by somebody, yet it lives
	Vanished   Fault = "vanished"   // deleted by nobody, yet it is gone
	Diverged   Fault = "diverged"   // the sides do not agree
	Duplicate  Fault = "duplicate"  // there are two of it
	Unexpected Fault = "unexpected" // anything else that must not be
)

// Finding is one broken promise.
type Finding struct {
	Fault  Fault
	Record *Record // nil: it is about no customer
	Text   string
}

// String is a line for people.
func (f Finding) String() string {
	if f.Record == nil {
		return fmt.Sprintf("%s: %s", f.Fault, f.Text)
	}
	local, remote := f.Record.IDs()
	return fmt.Sprintf("%s: %s (%s, %s): %s", f.Fault, f.Record.Label, local, remote, f.Text)
}

// Judge holds how a customer looks in the end against what was written to it. alive: it is there and not deleted.
func (r *Record) Judge(final record.Fields, alive bool) (findings []Finding) {
	writes := r.Writes()
	report := func(fault Fault, format string, args ...any) {
		findings = append(findings, Finding{Fault: fault, Record: r, Text: fmt.Sprintf(format, args...)})
	}
	switch deleted := r.Deleted(); {
	case deleted && alive:
		report(Risen, "somebody deleted it, yet it lives")
		return findings
	case !deleted && !alive:
		report(Vanished, "nobody deleted it, yet it is not there")
		return findings
	case !alive:
		return nil
	}
	fields := fieldsOf(writes)
	for field := range final {
		fields[field] = true
	}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		may, value := allowed(writes, field), final[field]
		if slices.Contains(may, value) {
			continue
		}
		report(r.fault(field, value), "%s ends at %q; allowed is %s", field, value, quoted(may))
	}
	return findings
}

// fault says what kind of wrong value it is.
func (r *Record) fault(field, value string) Fault {
	switch {
	case r.Wrote(Catalog, field, value) || r.Wrote(Stripe, field, value):
		return Stale
	case value == "":
		return Lost
	}
	return Foreign
}

func quoted(values []string) string {
	list := make([]string, 0, len(values))
	for _, value := range values {
		list = append(list, fmt.Sprintf("%q", value))
	}
	return strings.Join(list, " or ")
}
