package imports

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"gorm.io/gorm"
)

// badPage is how many bad rows are in memory at a time.
const badPage = 500

// WriteBad writes the rows of an import that were not imported as a file that can be corrected and imported.
func WriteBad(ctx context.Context, db *gorm.DB, file Import, w io.Writer) error {
	write, flush, err := badWriter(file, w)
	if err != nil {
		return err
	}
	for after := int64(0); ; {
		rows, err := Bad(ctx, db, file.ID, after, badPage)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, r := range rows {
			if err := write(r); err != nil {
				return err
			}
		}
		if err := flush(); err != nil {
			return err
		}
		after = rows[len(rows)-1].Line
	}
}

func badWriter(file Import, w io.Writer) (write func(BadRow) error, flush func() error, err error) {
	if file.Format == NDJSON {
		encoder := json.NewEncoder(w)
		return func(r BadRow) error { return encoder.Encode(badObject(r)) }, func() error { return nil }, nil
	}
	writer := csv.NewWriter(w)
	writer.Comma, _ = utf8.DecodeRuneInString(file.Delimiter)
	write = func(r BadRow) error {
		var cells []string
		if err := json.Unmarshal([]byte(r.Source), &cells); err != nil {
			return fmt.Errorf("row %d of import %s: %w", r.Line, file.ID, err)
		}
		return writer.Write(append([]string{strconv.FormatInt(r.Line, 10), r.Reason}, cells...))
	}
	flush = func() error {
		writer.Flush()
		return writer.Error()
	}
	if err := writer.Write(append([]string{LineColumn, ErrorColumn}, file.Header...)); err != nil {
		return nil, nil, err
	}
	return write, flush, flush()
}

// badObject is a bad line of NDJSON. One that is no object at all stands in import_source.
func badObject(r BadRow) map[string]any {
	object := map[string]any{}
	if json.Unmarshal([]byte(r.Source), &object) != nil || object == nil {
		object = map[string]any{"import_source": r.Source}
	}
	object[LineColumn], object[ErrorColumn] = r.Line, r.Reason
	return object
}
