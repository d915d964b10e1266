package importer

import (
	"encoding/json"
	"fmt"
)

// maxRow is how large a row may be, so that at least two fit into a request.
const maxRow = 400 << 10

// encoding encodes the documents of rows, so that their size is known.
type encoding struct{ Reader }

// Next implements Reader.
func (e encoding) Next() (Row, error) {
	row, err := e.Reader.Next()
	if err != nil || row.Document == nil {
		return row, err
	}
	row.Body, err = json.Marshal(row.Document)
	if err != nil {
		return row, fmt.Errorf("encode line %d: %w", row.Line, err)
	}
	if len(row.Body) > maxRow {
		row.Document, row.Body, row.Problem = nil, nil, fmt.Sprintf("is larger than %d KiB", maxRow>>10)
	}
	return row, nil
}
