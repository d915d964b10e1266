package output

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// One writes a single thing: a line for each field, or what the other formats have for it.
func One[T any](p *Printer, item T, columns ...Column[T]) error {
	switch p.Format {
	case JSON:
		return Document(p, item)
	case JSONL:
		encoded, err := json.Marshal(item)
		if err != nil {
			return fmt.Errorf("encode the output: %w", err)
		}
		return p.Print("%s", encoded)
	case CSV:
		w := csv.NewWriter(p.Out)
		l := List[T]{columns: columns}
		if err := w.WriteAll([][]string{l.names(), l.cells(item)}); err != nil {
			return fmt.Errorf("write the output: %w", err)
		}
		return nil
	case Table:
	}
	return sheet(p, item, columns)
}

// Document writes JSON for people.
func Document(p *Printer, item any) error {
	encoded, err := json.MarshalIndent(item, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the output: %w", err)
	}
	return p.Print("%s", encoded)
}

// sheet leaves out what is empty.
func sheet[T any](p *Printer, item T, columns []Column[T]) error {
	width := 0
	for _, c := range columns {
		width = max(width, utf8.RuneCountInString(c.Name))
	}
	for _, c := range columns {
		value := Clean(c.Value(item))
		if value == "" {
			continue
		}
		if c.State {
			value = p.Paint(StyleOf(value), value)
		}
		if err := p.Print("%s  %s", p.Paint(Dim, fmt.Sprintf("%-*s", width, c.Name)), value); err != nil {
			return err
		}
	}
	return nil
}
