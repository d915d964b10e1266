package imports

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// lines reads NDJSON.
type lines struct {
	file   Import
	at     position
	source *limited
	reader *bufio.Reader
}

func (l *lines) place() position { return l.at }

func (l *lines) next() (row, error) {
	for {
		l.source.left = maxRow
		text, err := l.reader.ReadBytes('\n')
		if len(text) == 0 || err != nil && !errors.Is(err, io.EOF) {
			return row{}, err
		}
		l.at.Offset += int64(len(text))
		l.at.Line++
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		r := row{line: l.at.Line, source: string(bytes.ToValidUTF8(text, []byte("\ufffd")))}
		r.decode(l.file, text)
		return r, nil
	}
}

func (r *row) decode(file Import, text []byte) {
	if damaged(string(text)) {
		r.bad = "It is not UTF-8, or was not once; write it again."
		return
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil || members == nil {
		r.bad = "It is not a JSON object."
		return
	}
	if file.Key != "" {
		r.key = keyOf(members[file.Key])
		if _, known := customers.ColumnOf(file.Key); !known {
			delete(members, file.Key)
		}
	}
	for name := range members {
		if ours(name) {
			delete(members, name)
		}
	}
	encoded, err := json.Marshal(members)
	if err == nil {
		r.edit, err = customers.Decode(encoded)
	}
	if err != nil {
		r.bad = reasonOf(err)
	}
	r.finish(file)
}

// keyOf is a key as a text: a number is as good as its digits.
func keyOf(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	var number json.Number
	if json.Unmarshal(value, &number) == nil {
		return number.String()
	}
	return ""
}
