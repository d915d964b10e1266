package output

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Column is one column of a list.
type Column[T any] struct {
	Name  string
	Value func(T) string
	State bool // the value is the name of a state, which has a colour
}

// Of makes a column.
func Of[T any](name string, value func(T) string) Column[T] {
	return Column[T]{Name: name, Value: value}
}

// State makes a column that shows a state.
func State[T any](name string, value func(T) string) Column[T] {
	return Column[T]{Name: name, Value: value, State: true}
}

// List writes items one by one, so that a long list needs no memory: only a table waits for its end, to know how wide
// its columns are. Close it.
type List[T any] struct {
	p       *Printer
	columns []Column[T]
	rows    [][]string
	csv     *csv.Writer
	count   int
	empty   string
}

// NewList begins a list. Empty is what a person reads when there is nothing in it.
func NewList[T any](p *Printer, empty string, columns ...Column[T]) *List[T] {
	l := &List[T]{p: p, columns: columns, empty: empty}
	if p.Format == CSV {
		l.csv = csv.NewWriter(p.Out)
		_ = l.csv.Write(l.names()) // the writer keeps its error for Flush
	}
	return l
}

func (l *List[T]) names() []string {
	names := make([]string, len(l.columns))
	for i, c := range l.columns {
		names[i] = c.Name
	}
	return names
}

// Add writes items.
func (l *List[T]) Add(items ...T) error {
	for _, item := range items {
		if err := l.add(item); err != nil {
			return fmt.Errorf("write the output: %w", err)
		}
		l.count++
	}
	if l.csv != nil {
		l.csv.Flush()
		return l.csv.Error()
	}
	return nil
}

func (l *List[T]) add(item T) error {
	switch l.p.Format {
	case JSON:
		lead := ",\n "
		if l.count == 0 {
			lead = "[\n "
		}
		return l.encode(lead, item, "")
	case JSONL:
		return l.encode("", item, "\n")
	case CSV:
		return l.csv.Write(l.cells(item))
	case Table:
	}
	l.rows = append(l.rows, l.cells(item))
	return nil
}

func (l *List[T]) encode(lead string, item T, end string) error {
	encoded, err := json.Marshal(item)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(l.p.Out, "%s%s%s", lead, encoded, end)
	return err
}

func (l *List[T]) cells(item T) []string {
	cells := make([]string, len(l.columns))
	for i, c := range l.columns {
		cells[i] = c.Value(item)
	}
	return cells
}

// Count is how many items there were.
func (l *List[T]) Count() int { return l.count }

// Close ends the list.
func (l *List[T]) Close() error {
	switch l.p.Format {
	case JSON:
		if l.count == 0 {
			return l.p.Print("[]")
		}
		return l.p.Print("\n]")
	case JSONL:
	case CSV:
		l.csv.Flush()
		return l.csv.Error()
	case Table:
		if l.count == 0 {
			l.p.Note("%s", l.empty)
			return nil
		}
		return l.table()
	}
	return nil
}

const gap = "  "

// table writes the rows below their names. What does not fit into the terminal is cut off at its right edge.
func (l *List[T]) table() error {
	widths := make([]int, len(l.columns))
	header := l.names()
	for i, name := range header {
		header[i] = strings.ToUpper(strings.ReplaceAll(name, "_", " "))
		widths[i] = len(name)
	}
	for _, row := range l.rows {
		for i, cell := range row {
			row[i] = Clean(cell)
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
		}
	}
	if err := l.p.Print("%s", l.p.Paint(Bold, l.line(header, widths, false))); err != nil {
		return err
	}
	for _, row := range l.rows {
		if err := l.p.Print("%s", l.line(row, widths, true)); err != nil {
			return err
		}
	}
	return nil
}

func (l *List[T]) line(cells []string, widths []int, colored bool) string {
	var line strings.Builder
	used := 0
	for i, cell := range cells {
		last := i == len(cells)-1
		if l.p.Width > 0 {
			cell = clip(cell, max(l.p.Width-used, 1))
		}
		padding := widths[i] - utf8.RuneCountInString(cell)
		used += widths[i] + len(gap)
		if colored && l.columns[i].State {
			cell = l.p.Paint(StyleOf(cell), cell)
		}
		line.WriteString(cell)
		if !last && (l.p.Width == 0 || used < l.p.Width) {
			line.WriteString(strings.Repeat(" ", max(padding, 0)) + gap)
		}
		if l.p.Width > 0 && used >= l.p.Width {
			break
		}
	}
	return strings.TrimRight(line.String(), " ")
}
