package importer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/document"
	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
)

// maxLine is the longest row; the catalog takes no larger bodies.
const maxLine = 1 << 20

// lines reads NDJSON: an object on each line, in the form that the catalog takes.
type lines struct {
	o      Options
	r      *bufio.Reader
	number int64
	line   int
	first  *Row // looked at before the rest
}

func newLines(o Options, r *bufio.Reader) (*lines, error) {
	l := &lines{o: o, r: r}
	if head, err := r.Peek(1); err == nil && head[0] == '[' {
		return nil, exit.New(exit.Failed, o.Path+" is one JSON list", "write one object on each line, for example with jq -c '.[]'")
	}
	row, err := l.Next()
	if errors.Is(err, io.EOF) {
		return nil, exit.New(exit.Failed, o.Path+" is empty", "")
	}
	if err != nil {
		return nil, err
	}
	l.first = &row
	return l, l.refuseFirst(row)
}

// refuseFirst: what is wrong with the names in the first row is most likely wrong with all of them.
func (l *lines) refuseFirst(row Row) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(row.Text), &object); err != nil {
		return nil //nolint:nilerr // one row that is no JSON says nothing of the others
	}
	if problem := l.unknown(object); problem != "" {
		return exit.New(exit.Failed, fmt.Sprintf("the fields of %s are wrong, and nothing was sent: line %d: %s", l.o.Path, row.Line, problem),
			"rename fields with --map theirs=email, leave some out with --ignore field")
	}
	return nil
}

// Header implements Reader.
func (l *lines) Header() []string { return nil }

// Comma implements Reader.
func (l *lines) Comma() rune { return 0 }

// Next implements Reader.
func (l *lines) Next() (Row, error) {
	if l.first != nil {
		row := *l.first
		l.first = nil
		return row, nil
	}
	text, long, err := l.read()
	if err != nil {
		return Row{}, err
	}
	l.number++
	l.line++
	row := Row{Number: l.number, Line: l.line, Text: string(text)}
	switch {
	case long:
		row.Problem = fmt.Sprintf("is longer than %d bytes", maxLine)
	case len(bytes.TrimSpace(text)) == 0:
		row.Blank = true
	case !utf8.Valid(text):
		row.Problem = "is not UTF-8; if the whole file is in another encoding, import it with --encoding windows-1252"
	default:
		row.Document, row.Problem = l.document(text)
	}
	return row, nil
}

// read returns a line without its end. What is too long is cut off.
func (l *lines) read() (text []byte, long bool, err error) {
	for {
		part, err := l.r.ReadSlice('\n')
		if len(text)+len(part) <= maxLine {
			text = append(text, part...)
		} else {
			long = true
		}
		switch {
		case err == nil, errors.Is(err, io.EOF) && (len(text) > 0 || long):
			return bytes.TrimRight(text, "\r\n"), long, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			if errors.Is(err, io.EOF) {
				return nil, false, io.EOF
			}
			return nil, false, fmt.Errorf("read the file: %w", err)
		}
	}
}

func (l *lines) document(text []byte) (document.Document, string) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil || object == nil {
		return nil, "is not a JSON object: " + jsonProblem(err)
	}
	if problem := l.unknown(object); problem != "" {
		return nil, problem
	}
	d := document.Document{}
	for name, value := range object {
		if l.dropped(name) {
			continue
		}
		if to := l.o.Rename[name]; to != "" {
			name = to
		}
		d[name] = value
	}
	if len(d) == 0 {
		return nil, "has no field that is imported"
	}
	return d, ""
}

func jsonProblem(err error) string {
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("%s (at character %d)", syntax, syntax.Offset)
	}
	return "write it like {\"name\": \"Ada\"}"
}

func (l *lines) dropped(name string) bool {
	return name == LineColumn || name == ErrorColumn || slices.Contains(l.o.Ignore, name)
}

// unknown says which names the catalog would not take.
func (l *lines) unknown(object map[string]json.RawMessage) string {
	var problems []string
	for name := range object {
		to := name
		if renamed := l.o.Rename[name]; renamed != "" {
			to = renamed
		}
		switch {
		case l.dropped(name), document.TopLevel(to):
		case document.ReadOnly(to):
			problems = append(problems, name+" is set by the catalog")
		case name == TextColumn:
			problems = append(problems, TextColumn+" holds what was no JSON; write the customer's fields instead")
		default:
			problems = append(problems, unknownField(name))
		}
	}
	slices.Sort(problems)
	return strings.Join(problems, "; ")
}
