package imports

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// row is one row of a file: an edit, or the reason why it is none.
type row struct {
	line   int64
	key    string // "": it is known by its content
	edit   customers.Edit
	bad    string
	source string
}

// rows reads a file on from a place.
type rows interface {
	// next returns io.EOF at the end. Any other error means that nothing more can be read.
	next() (row, error)
	// place is where the next row begins.
	place() position
}

// position is a place in a file: how many bytes and lines are before it.
type position struct {
	Offset int64 `json:"offset"`
	Line   int64 `json:"line"`
}

// maxRow keeps a quote that is never closed from taking the rest of the file into memory.
const maxRow = 1 << 20

func rowsOf(ctx context.Context, db *gorm.DB, file Import, from position) rows {
	source := &limited{r: &chunks{ctx: ctx, db: db, file: file, offset: from.Offset}}
	if file.Format == NDJSON {
		return &lines{file: file, at: from, source: source, reader: bufio.NewReaderSize(source, chunkSize)}
	}
	reader := csv.NewReader(source)
	reader.Comma, _ = utf8.DecodeRuneInString(file.Delimiter)
	reader.FieldsPerRecord = -1 // told apart here, with a better message
	return &table{file: file, from: from, source: source, reader: reader}
}

// chunks is a file as it is stored.
type chunks struct {
	ctx    context.Context //nolint:containedctx // an io.Reader has no other place for it
	db     *gorm.DB
	file   Import
	offset int64
	data   []byte
}

// Read implements io.Reader.
func (c *chunks) Read(p []byte) (int, error) {
	if len(c.data) == 0 {
		var found [][]byte
		err := c.db.WithContext(c.ctx).Raw(`SELECT data FROM import_chunks WHERE import_id = ? AND seq = ?`,
			c.file.ID, c.offset/chunkSize).Scan(&found).Error
		switch {
		case err != nil:
			return 0, fmt.Errorf("read import %s: %w", c.file.ID, err)
		case len(found) == 0 || c.offset >= c.file.Bytes:
			return 0, io.EOF
		}
		c.data = found[0][c.offset%chunkSize:]
	}
	n := copy(p, c.data)
	c.data = c.data[n:]
	c.offset += int64(n)
	return n, nil
}

var errLongRow = errors.New("a row is longer than 1 MiB; is there a quote that is never closed?")

// limited ends a row that goes on and on. What readers read ahead is little beside the limit.
type limited struct {
	r    *chunks
	left int
}

// Read implements io.Reader.
func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errLongRow
	}
	n, err := l.r.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

// reasonOf says what is wrong with a row.
func reasonOf(err error) string {
	invalid, ok := errors.AsType[*customers.Invalid](err)
	if !ok {
		return err.Error()
	}
	reasons := make([]string, len(invalid.Violations))
	for i, v := range invalid.Violations {
		reasons[i] = v.Pointer + ": " + v.Detail
	}
	return strings.Join(reasons, " ")
}
