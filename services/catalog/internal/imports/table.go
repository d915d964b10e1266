package imports

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// table reads CSV.
type table struct {
	file   Import
	from   position
	lines  int64
	source *limited
	reader *csv.Reader
}

func (t *table) place() position {
	return position{Offset: t.from.Offset + t.reader.InputOffset(), Line: t.from.Line + t.lines}
}

func (t *table) next() (row, error) {
	t.source.left = maxRow
	begin := t.place().Offset
	cells, err := t.reader.Read()
	var wrong *csv.ParseError
	switch {
	case errors.As(err, &wrong):
		t.lines = int64(wrong.Line)
		text, err := t.text(begin, t.place().Offset)
		return row{line: t.from.Line + int64(wrong.StartLine), bad: fmt.Sprintf("It is not valid CSV: %v.", wrong.Err), source: sourceOf([]string{text})}, err
	case err != nil:
		return row{}, err
	}
	line, _ := t.reader.FieldPos(0)
	last, _ := t.reader.FieldPos(len(cells) - 1)
	t.lines = int64(last + bytes.Count([]byte(cells[len(cells)-1]), []byte("\n")))
	r := row{line: t.from.Line + int64(line), source: sourceOf(cells)}
	r.fill(t.file, cells)
	return r, nil
}

// text is a part of the file as it came.
func (t *table) text(begin, end int64) (string, error) {
	part := make([]byte, end-begin)
	_, err := io.ReadFull(&chunks{ctx: t.source.r.ctx, db: t.source.r.db, file: t.file, offset: begin}, part)
	if err != nil {
		return "", fmt.Errorf("read a row again: %w", err)
	}
	return string(bytes.ToValidUTF8(bytes.TrimRight(part, "\r\n"), []byte("\ufffd"))), nil
}

func sourceOf(cells []string) string {
	encoded, err := json.Marshal(cells)
	if err != nil {
		return "[]" // strings can always be encoded
	}
	return string(encoded)
}

// damaged tells a text that is not UTF-8, and one in which that was papered over, as it is in a file of bad rows.
func damaged(text string) bool {
	return !utf8.ValidString(text) || strings.ContainsRune(text, utf8.RuneError)
}

func (r *row) fill(file Import, cells []string) {
	if len(cells) != len(file.Columns) {
		r.bad = fmt.Sprintf("It has %d cells, but there are %d columns.", len(cells), len(file.Columns))
		return
	}
	values := map[string]string{}
	for i, cell := range cells {
		if damaged(cell) {
			r.bad = file.Header[i] + ": It is not UTF-8, or was not once; write it again."
			return
		}
		if file.Columns[i] != "" {
			values[file.Columns[i]] = cell
		}
		if file.Header[i] == file.Key {
			r.key = cell
		}
	}
	var err error
	if r.edit, err = customers.EditOf(values); err != nil {
		r.bad = reasonOf(err)
	}
	r.finish(file)
}

// finish finds what is wrong with a row as a whole.
func (r *row) finish(file Import) {
	switch {
	case r.bad != "":
	case file.Key != "" && r.key == "":
		r.bad = file.Key + ": It is empty, but the key has to be there."
	case r.edit.Empty():
		r.bad = "It has no field of a customer that is not empty."
	}
}
