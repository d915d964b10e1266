package importer

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
)

// writeBad writes the rows as they stand in the file, each with its line and the reason.
func writeBad(o Options, w io.Writer, bad []Bad) (err error) {
	reasons := make(map[int64]Bad, len(bad))
	for _, one := range bad {
		reasons[one.Row] = one
	}
	if err := mark(o, w); err != nil {
		return err
	}
	reader, file, err := open(o, io.Discard)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out := sink(reader, w)
	for {
		row, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return out.flush()
		}
		if err != nil {
			return err
		}
		if reason, ok := reasons[row.Number]; ok {
			if err := out.row(row, reason); err != nil {
				return err
			}
		}
	}
}

// mark begins the error file of a file in another encoding: it is UTF-8 itself, and is read as that because of the mark.
func mark(o Options, w io.Writer) error {
	if o.Encoding == "" || o.Encoding == "utf-8" {
		return nil
	}
	_, err := io.WriteString(w, "\ufeff")
	return err
}

// badSink writes rows in one format.
type badSink interface {
	row(row Row, bad Bad) error
	flush() error
}

func sink(reader Reader, w io.Writer) badSink {
	if reader.Header() == nil {
		return &badLines{bufio.NewWriter(w)}
	}
	t := &badTable{csv: csv.NewWriter(w)}
	t.csv.Comma = reader.Comma()
	t.again = slices.Index(reader.Header(), LineColumn) == 0 && slices.Index(reader.Header(), ErrorColumn) == 1
	header := t.cells(LineColumn, ErrorColumn, reader.Header())
	t.columns = len(header)
	_ = t.csv.Write(header) // the writer keeps its error for flush
	return t
}

// badTable writes CSV. Our columns come first, so that a row with too many or too few values still has them.
type badTable struct {
	csv     *csv.Writer
	columns int
	again   bool // the original was an error file itself: its columns are ours
}

func (t *badTable) cells(line, reason string, rest []string) []string {
	if t.again {
		rest = rest[min(2, len(rest)):]
	}
	return append([]string{line, reason}, rest...)
}

func (t *badTable) row(row Row, bad Bad) error {
	if row.Text != "" {
		cells := []string{strconv.Itoa(bad.Line), bad.Reason, row.Text}
		if len(cells) == t.columns {
			cells = append(cells, "") // so that it stays bad until somebody looks at it
		}
		return t.csv.Write(cells)
	}
	return t.csv.Write(t.cells(strconv.Itoa(bad.Line), bad.Reason, row.Cells))
}

func (t *badTable) flush() error {
	t.csv.Flush()
	return t.csv.Error()
}

// badLines writes NDJSON.
type badLines struct{ w *bufio.Writer }

func (l *badLines) row(row Row, bad Bad) error {
	var members map[string]json.RawMessage // as they stand there: numbers must not change
	object := map[string]any{}
	if json.Unmarshal([]byte(row.Text), &members) != nil || members == nil {
		object[TextColumn] = row.Text
	}
	for name, value := range members {
		object[name] = value
	}
	object[LineColumn], object[ErrorColumn] = bad.Line, bad.Reason
	encoded, err := json.Marshal(object)
	if err != nil {
		return err
	}
	_, err = l.w.Write(append(encoded, '\n'))
	return err
}

func (l *badLines) flush() error { return l.w.Flush() }
