// Package importer brings the customers of a CSV or NDJSON file into the catalog. It can be stopped at any moment and
// goes on where it stood; running it twice creates nothing twice. Rows that cannot be taken end up in an error file, in
// the form of the original and with the reason, to be corrected and imported.
package importer

import (
	"encoding/json"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/document"
)

// Format is how the rows of a file are written.
type Format string

// The formats.
const (
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
)

// Options say how to read a file.
type Options struct {
	Path      string
	Format    Format            // "": by the file's name
	Delimiter rune              // of CSV; 0: whichever of , ; and tab the first line has most
	Encoding  string            // "": UTF-8, or UTF-16 with a byte order mark
	Rename    map[string]string // columns to fields, where the names differ
	Ignore    []string          // columns that are left out
}

// Row is one row of data.
type Row struct {
	Number   int64 // from 1
	Line     int   // of the file, where the row begins
	Document document.Document
	Body     json.RawMessage // the document, encoded
	Problem  string          // why the row cannot be sent; Document is nil then
	Blank    bool            // there is nothing in it
	Cells    []string        // of CSV, as they came
	Text     string          // of NDJSON, and of rows that are not CSV: as it came
}

// The columns that error files have before the others. They are left out when the file is imported.
const (
	LineColumn  = "import_line"
	ErrorColumn = "import_error"
	TextColumn  = "import_text" // what stood there and is no row at all
)

// Reader reads rows one by one; io.EOF is the end, any other error means that the file as a whole cannot be read.
type Reader interface {
	Next() (Row, error)
	Header() []string // of CSV; nil for NDJSON
	Comma() rune      // of CSV
}
