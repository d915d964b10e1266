package customers

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Cursor is a place in a list, newest first: everything up to it has been read. The zero Cursor is the beginning.
type Cursor struct {
	at time.Time
	id uuid.UUID
}

const cursorPrefix = "c1." // changes when what a cursor holds does

// String returns the cursor as clients pass it around; they must not look inside.
func (c Cursor) String() string {
	text := fmt.Sprintf("%s%d.%s", cursorPrefix, c.at.UnixMicro(), c.id)
	return base64.RawURLEncoding.EncodeToString([]byte(text))
}

// ParseCursor is the inverse of Cursor.String; "" is the beginning. Its error is ErrCursor.
func ParseCursor(text string) (Cursor, error) {
	if text == "" {
		return Cursor{}, nil
	}
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return Cursor{}, ErrCursor
	}
	rest, ok := strings.CutPrefix(string(decoded), cursorPrefix)
	if !ok {
		return Cursor{}, ErrCursor
	}
	micros, id, ok := strings.Cut(rest, ".")
	if !ok {
		return Cursor{}, ErrCursor
	}
	at, err := strconv.ParseInt(micros, 10, 64)
	if err != nil {
		return Cursor{}, ErrCursor
	}
	parsed, err := uuid.Parse(id)
	if err != nil {
		return Cursor{}, ErrCursor
	}
	return Cursor{at: time.UnixMicro(at).UTC(), id: parsed}, nil
}
