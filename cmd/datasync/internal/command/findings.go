package command

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/output"
	"github.com/datasync-dev/datasync/pkg/admin"
)

// findings writes what a comparison found: for people as a diff, else as a list.
type findings struct {
	p      *output.Printer
	remote string
	list   *output.List[admin.Finding]
}

func newFindings(p *output.Printer, remote string) *findings {
	f := &findings{p: p, remote: remote}
	if p.Format != output.Table {
		f.list = output.NewList(p, "",
			output.Of("kind", func(f admin.Finding) string { return f.Kind }),
			output.Of("record_id", func(f admin.Finding) string { return f.RecordID }),
			output.Of("remote_id", func(f admin.Finding) string { return f.RemoteID }),
			output.Of("fields", func(f admin.Finding) string { return strings.Join(fieldsOf(f), ",") }),
			output.Of("candidates", func(f admin.Finding) string { return strings.Join(f.Candidates, ",") }),
			output.Of("outcome", func(f admin.Finding) string { return f.Outcome }))
	}
	return f
}

func fieldsOf(f admin.Finding) []string {
	names := make([]string, 0, len(f.Fields))
	for _, field := range f.Fields {
		names = append(names, field.Field)
	}
	return names
}

func (f *findings) add(found ...admin.Finding) error {
	if f.list != nil {
		return f.list.Add(found...)
	}
	for _, one := range found {
		if err := f.p.Print("%s", strings.Join(f.lines(one), "\n")); err != nil {
			return err
		}
	}
	return nil
}

// words say what kinds of findings mean.
func (f *findings) words(kind string) string {
	switch kind {
	case "drift":
		return "differs"
	case "only_remote":
		return "only at " + f.remote
	case "only_local":
		return "missing at " + f.remote
	}
	return kind
}

func (f *findings) lines(one admin.Finding) []string {
	head := f.p.Paint(output.Bold, f.words(one.Kind)+" "+strings.TrimSpace(one.RecordID+" "+one.RemoteID))
	if one.Outcome != "" && one.Outcome != "reported" {
		head += "  " + f.p.Paint(output.StyleOf(one.Outcome), one.Outcome)
	}
	lines := []string{head}
	for _, field := range one.Fields {
		lines = append(lines,
			fmt.Sprintf("  %s", field.Field),
			f.p.Paint(output.Red, fmt.Sprintf("    - catalog: %s", quoted(field.Before))),
			f.p.Paint(output.Green, fmt.Sprintf("    + %s: %s", f.remote, quoted(field.After))))
	}
	if len(one.Candidates) > 0 {
		lines = append(lines, "  could be "+strings.Join(one.Candidates, ", "))
	}
	return lines
}

func (f *findings) close(r admin.Reconcile) error {
	if f.list != nil {
		return f.list.Close()
	}
	text := fmt.Sprintf("%d compared: %d equal, %d differ, %d only at %s, %d missing there, %d duplicates, %d ambiguous, %d moving",
		r.Compared, r.Equal, r.Drifted, r.OnlyRemote, f.remote, r.OnlyLocal, r.Duplicates, r.Ambiguous, r.Moving)
	if r.Repair != "" || r.Plan != "" {
		text += fmt.Sprintf("; %d repaired, %d adopted, %d refused", r.Repaired, r.Adopted, r.Refused)
	}
	if len(r.Fields) > 0 {
		parts := []string{}
		for _, name := range slices.Sorted(maps.Keys(r.Fields)) {
			parts = append(parts, fmt.Sprintf("%s %d", name, r.Fields[name]))
		}
		text += "\nby field: " + strings.Join(parts, ", ")
	}
	if r.Unreached != "" {
		text += "\nnot reached: " + r.Unreached
	}
	return f.p.Print("%s", text)
}
