package imports

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// inspect reads what can be told of a file from its beginning.
func (u Upload) inspect(head []byte) (Import, error) {
	file := Import{ID: uuid.Must(uuid.NewV7()), Format: u.Format, Key: u.Key, Header: []string{}, Columns: []string{}, Author: u.Author}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		file.BodyAt = 3 // the mark that Excel puts before UTF-8
	}
	head = head[file.BodyAt:]
	if err := checkText(head); err != nil {
		return file, err
	}
	if u.Format == NDJSON {
		return file, nil
	}
	return file, u.inspectCSV(&file, head)
}

func checkText(head []byte) error {
	switch {
	case len(bytes.TrimSpace(head)) == 0:
		return &Unreadable{Detail: "It is empty."}
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")):
		return &Unreadable{Detail: "It is a workbook or an archive; save it as CSV (UTF-8) first."}
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")), bytes.IndexByte(head, 0) >= 0:
		return &Unreadable{Detail: "It is not UTF-8 but looks like UTF-16; save it as CSV (UTF-8)."}
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	if !utf8.Valid(line) {
		return &Unreadable{Detail: "Its first line is not UTF-8; convert the file, for example with: iconv -f WINDOWS-1252 -t UTF-8."}
	}
	return nil
}

func (u Upload) inspectCSV(file *Import, head []byte) error {
	if u.Delimiter == 0 {
		u.Delimiter = delimiterOf(head)
	}
	file.Delimiter = string(u.Delimiter)
	reader := csv.NewReader(bytes.NewReader(head))
	reader.Comma = u.Delimiter
	header, err := reader.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		return &Unreadable{Detail: fmt.Sprintf("Its first line does not name the columns: %v.", err)}
	}
	file.BodyAt += reader.InputOffset()
	file.Header, file.Columns = header, make([]string, len(header))
	var problems []Problem
	for i, name := range header {
		path, err := u.column(name)
		switch {
		case err != nil:
			problems = append(problems, Problem{Column: name, Detail: err.Error()})
		case path != "" && slices.Contains(file.Columns[:i], path):
			problems = append(problems, Problem{Column: name, Detail: "There is another column for the same field; leave one of them out."})
		default:
			file.Columns[i] = path
		}
	}
	if u.Key != "" && !slices.Contains(header, u.Key) {
		problems = append(problems, Problem{Column: u.Key, Detail: "There is no such column, but key names it."})
	}
	if len(problems) > 0 {
		return &Unreadable{Detail: "Its columns are not those of customers; rename them, or name those to leave out with ignore.", Fields: problems}
	}
	if !slices.ContainsFunc(file.Columns, func(path string) bool { return path != "" }) {
		return &Unreadable{Detail: "None of its columns is a field of customers."}
	}
	return nil
}

// column returns the canonical path that a column means; "" for one that is left out.
func (u Upload) column(name string) (string, error) {
	path, known := customers.ColumnOf(name)
	switch {
	case slices.Contains(u.Ignore, name), ours(name):
		return "", nil
	case known:
		return path, nil
	case name == u.Key:
		return "", nil // it identifies, and is no field
	}
	return "", fmt.Errorf("There is no such field. The fields are %s and metadata.<key>.", strings.Join(customers.Columns(), ", ")) //nolint:revive,staticcheck // a sentence for the client
}

// delimiterOf is what separates the columns in the first line: comma, semicolon or tab.
func delimiterOf(head []byte) rune {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	best, most := ',', 0
	for _, delimiter := range ",;\t" {
		if count := bytes.Count(line, []byte(string(delimiter))); count > most {
			best, most = delimiter, count
		}
	}
	return best
}

// ours are names that exports and the files of bad rows have beside the fields.
func ours(name string) bool {
	switch name {
	case "id", "object", "version", "generation", "created_at", "updated_at", "updated_by", "deleted", "deleted_at", "erased_at", "sync", LineColumn, ErrorColumn:
		return true
	}
	return false
}

// The columns that a file of bad rows has beside those of the import. An import leaves them out, so that such a file can
// be corrected and imported.
const (
	LineColumn  = "import_line"
	ErrorColumn = "import_error"
)
