// Package output writes what commands found: data on stdout as a table, JSON, JSON lines or CSV; notes and progress on
// stderr.
package output

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
)

// Format is how data is written.
type Format string

// The formats.
const (
	Table Format = "table"
	JSON  Format = "json"
	JSONL Format = "jsonl"
	CSV   Format = "csv"
)

// Formats returns every format.
func Formats() []string { return []string{string(Table), string(JSON), string(JSONL), string(CSV)} }

// ParseFormat reads the name of a format.
func ParseFormat(name string) (Format, error) {
	if !slices.Contains(Formats(), name) {
		return "", exit.New(exit.Usage, fmt.Sprintf("%q is not an output format", name), "use -o with one of "+strings.Join(Formats(), ", "))
	}
	return Format(name), nil
}

// Printer is where a command writes.
type Printer struct {
	Out    io.Writer
	Err    io.Writer
	Format Format
	Color  bool // stdout is a terminal that shows colours
	Width  int  // columns of the terminal that stdout is; 0: it is none
	Live   bool // stderr is a terminal: progress is shown
	Quiet  bool // no notes
}

// Note tells a person something that is no data: on stderr.
func (p *Printer) Note(format string, args ...any) {
	if !p.Quiet {
		_, _ = fmt.Fprintf(p.Err, format+"\n", args...) // nobody is left to tell
	}
}

// Print writes a line of text to stdout.
func (p *Printer) Print(format string, args ...any) error {
	if _, err := fmt.Fprintf(p.Out, format+"\n", args...); err != nil {
		return fmt.Errorf("write the output: %w", err)
	}
	return nil
}
