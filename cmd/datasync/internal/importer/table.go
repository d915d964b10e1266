package importer

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/document"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
)

// table reads CSV.
type table struct {
	csv    *csv.Reader
	raw    *recorder
	header []string
	fields []string // of each column; "" is left out
	number int64
}

func newTable(o Options, r *bufio.Reader) (*table, error) {
	delimiter, err := delimiterOf(o, r)
	if err != nil {
		return nil, err
	}
	t := &table{raw: &recorder{r: r}}
	t.csv = csv.NewReader(t.raw)
	t.csv.FieldsPerRecord = -1
	t.csv.Comma = delimiter
	header, err := t.csv.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, exit.New(exit.Failed, o.Path+" is empty", "the first line has to name the columns")
	case err != nil:
		return nil, exit.Wrap(exit.Failed, err, fmt.Sprintf("the first line of %s is not CSV: %s", o.Path, plain(err)), "it has to name the columns")
	}
	t.header = header
	t.fields, err = columns(o, header)
	return t, err
}

// delimiterOf guesses from the first line.
func delimiterOf(o Options, r *bufio.Reader) (rune, error) {
	if o.Delimiter != 0 {
		if o.Delimiter == '"' || o.Delimiter == '\n' || o.Delimiter == '\r' {
			return 0, exit.New(exit.Usage, "--delimiter must not be a quote or a line break", "")
		}
		return o.Delimiter, nil
	}
	head, err := r.Peek(r.Size())
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return 0, fmt.Errorf("read %s: %w", o.Path, err)
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	best, most := ',', 0
	for _, candidate := range []rune{',', ';', '\t'} {
		if n := bytes.Count(line, []byte(string(candidate))); n > most {
			best, most = candidate, n
		}
	}
	return best, nil
}

// Header implements Reader.
func (t *table) Header() []string { return t.header }

// Comma implements Reader.
func (t *table) Comma() rune { return t.csv.Comma }

// Next implements Reader.
func (t *table) Next() (Row, error) {
	t.raw.forget(t.csv.InputOffset())
	cells, err := t.csv.Read()
	if errors.Is(err, io.EOF) {
		return Row{}, io.EOF
	}
	t.number++
	row := Row{Number: t.number, Cells: cells}
	if broken, ok := errors.AsType[*csv.ParseError](err); ok {
		return t.broken(row, broken)
	}
	if err != nil {
		return row, fmt.Errorf("read the file: %w", err)
	}
	row.Line, _ = t.csv.FieldPos(0)
	if !slices.ContainsFunc(cells, func(cell string) bool { return strings.TrimSpace(cell) != "" }) {
		row.Blank = true
		return row, nil
	}
	row.Document, row.Problem = t.document(cells)
	return row, nil
}

// broken is a row that is not CSV. One that swallows the rest of the file is the file's problem.
func (t *table) broken(row Row, err *csv.ParseError) (Row, error) {
	row.Line, row.Cells = err.StartLine, nil
	row.Text = strings.TrimRight(string(t.raw.until(t.csv.InputOffset())), "\r\n")
	row.Problem = "is not CSV: " + plain(err)
	open := strings.Count(row.Text, `"`)%2 != 0
	if open && t.raw.ended && t.csv.InputOffset() >= t.raw.read {
		return row, exit.New(exit.Failed, fmt.Sprintf("a quote is opened in line %d and never closed, so that the rest of the file cannot be read", err.StartLine),
			`close it; a quote inside of a value is written twice ("")`)
	}
	return row, nil
}

func plain(err error) string {
	switch {
	case errors.Is(err, csv.ErrBareQuote):
		return `there is a quote inside of a value; put the whole value into quotes and write the inner one twice ("")`
	case errors.Is(err, csv.ErrQuote):
		return `after the quote that closes a value there is more text; a quote inside of a value is written twice ("")`
	}
	return err.Error()
}

func (t *table) document(cells []string) (document.Document, string) {
	if len(cells) != len(t.fields) {
		return nil, fmt.Sprintf("has %d values, but there are %d columns", len(cells), len(t.fields))
	}
	d := document.Document{}
	for i, cell := range cells {
		name := t.fields[i]
		if !utf8.ValidString(cell) {
			return nil, fmt.Sprintf("%s is not UTF-8; if the whole file is in another encoding, import it with --encoding windows-1252", t.header[i])
		}
		if name == "" || cell == "" {
			continue
		}
		if err := d.Set(name, cell); err != nil {
			return nil, err.Error()
		}
	}
	if len(d) == 0 {
		return nil, "has no value in any column that is imported"
	}
	return d, ""
}

// recorder remembers what was read of the present row.
type recorder struct {
	r     io.Reader
	kept  []byte
	from  int64 // offset of the first kept byte
	read  int64
	ended bool
}

// Read implements io.Reader.
func (r *recorder) Read(b []byte) (int, error) {
	n, err := r.r.Read(b)
	r.kept = append(r.kept, b[:n]...)
	r.read += int64(n)
	r.ended = r.ended || errors.Is(err, io.EOF)
	return n, err
}

func (r *recorder) forget(until int64) {
	r.kept = append(r.kept[:0], r.kept[until-r.from:]...)
	r.from = until
}

func (r *recorder) until(offset int64) []byte { return r.kept[:offset-r.from] }
