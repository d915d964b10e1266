package customers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/datasync-dev/datasync/pkg/record"
)

// Edit is a decoded request body: what a client wants to set. As a merge patch (RFC 7396) it leaves alone what it does
// not name; as a replacement it clears that.
type Edit struct {
	set           record.Patch
	clearMetadata bool // the body says "metadata": null
}

// Decode reads a request body. Its errors are *Malformed and *Invalid. It only checks what the body is made of: what
// the values may be depends on the customer, see Edit.Patch.
func Decode(body []byte) (Edit, error) {
	document, err := parse(body)
	if err != nil {
		return Edit{}, err
	}
	d := decoder{edit: Edit{set: record.Patch{}}}
	object, ok := document.(map[string]any)
	if !ok {
		return Edit{}, invalid([]Violation{{Reason: ReasonWrongType, Detail: "The body must be a JSON object."}})
	}
	d.object("", customerShape(), object)
	if len(d.violations) == 0 {
		return d.edit, nil
	}
	return Edit{}, invalid(append(d.violations, check(record.Fields{}, d.edit.set)...)) // everything wrong at once
}

// parse decodes one JSON document, saying where it is broken.
func parse(body []byte) (any, error) {
	if !utf8.Valid(body) {
		return nil, malformed(body, invalidUTF8At(body), "the text is not valid UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		var syntax *json.SyntaxError
		switch {
		case errors.As(err, &syntax):
			return nil, malformed(body, int(syntax.Offset)-1, syntax.Error())
		case errors.Is(err, io.EOF):
			return nil, malformed(body, len(body), "the body is empty; send a JSON object")
		default:
			return nil, malformed(body, len(body), "it ends too early")
		}
	}
	end := int(decoder.InputOffset())
	if rest := bytes.TrimLeft(body[end:], " \t\r\n"); len(rest) > 0 {
		return nil, malformed(body, len(body)-len(rest), "there is something after the end of the document")
	}
	return document, nil
}

func malformed(body []byte, offset int, detail string) *Malformed {
	before := body[:min(max(offset, 0), len(body))]
	return &Malformed{
		Line:   bytes.Count(before, []byte("\n")) + 1,
		Column: len(before) - bytes.LastIndexByte(before, '\n'),
		Detail: detail,
	}
}

func invalidUTF8At(body []byte) int {
	for at := 0; at < len(body); {
		r, size := utf8.DecodeRune(body[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return len(body)
}

type decoder struct {
	edit       Edit
	violations []Violation
}

func (d *decoder) refuse(pointer string, reason Reason, format string, args ...any) {
	d.violations = append(d.violations, Violation{Pointer: pointer, Reason: reason, Detail: fmt.Sprintf(format, args...)})
}

// object decodes the members of an object, whose pointer has no slash at its end.
func (d *decoder) object(pointer string, s shape, members map[string]any) {
	for name, value := range members {
		at := pointer + "/" + escapePointer(name)
		member, known := s.members[name]
		switch {
		case known:
			d.value(at, member, value)
		case pointer == "" && readOnly(name):
			d.refuse(at, ReasonReadOnly, "%s is set by the catalog; leave it out.", name)
		default:
			d.refuse(at, ReasonUnknownField, "There is no such field; leave it out or correct its name.")
		}
	}
}

func (d *decoder) value(pointer string, s shape, value any) {
	switch {
	case s.metadata:
		d.metadata(pointer, value)
	case s.list:
		d.locales(pointer, value)
	case s.members == nil:
		d.scalar(pointer, s.path, value)
	case value == nil:
		for _, path := range s.scalars() {
			d.edit.set[path] = ""
		}
	default:
		members, ok := value.(map[string]any)
		if !ok {
			d.refuse(pointer, ReasonWrongType, "Must be an object, or null to clear it; got %s.", kindOf(value))
			return
		}
		d.object(pointer, s, members)
	}
}

func (d *decoder) scalar(pointer, path string, value any) {
	switch text := value.(type) {
	case nil:
		d.edit.set[path] = ""
	case string:
		d.edit.set[path] = canonical(path, text)
	default:
		d.refuse(pointer, ReasonWrongType, "Must be a string, or null to clear it; got %s.", kindOf(value))
	}
}

func (d *decoder) metadata(pointer string, value any) {
	if value == nil {
		d.edit.clearMetadata = true
		return
	}
	entries, ok := value.(map[string]any)
	if !ok {
		d.refuse(pointer, ReasonWrongType, "Must be an object of strings, or null to clear it; got %s.", kindOf(value))
		return
	}
	for key, entry := range entries {
		at := pointer + "/" + escapePointer(key)
		if key == "" {
			d.refuse(at, ReasonInvalidValue, "A metadata key must not be empty.")
			continue
		}
		d.scalar(at, record.MetadataPrefix+key, entry)
	}
}

func (d *decoder) locales(pointer string, value any) {
	if value == nil {
		d.edit.set[localesPath] = ""
		return
	}
	items, ok := value.([]any)
	if !ok {
		d.refuse(pointer, ReasonWrongType, "Must be a list of strings, or null to clear it; got %s.", kindOf(value))
		return
	}
	if len(items) > MaxLocales {
		d.refuse(pointer, ReasonTooMany, "Has %d entries; at most %d are allowed.", len(items), MaxLocales)
		return
	}
	locales := make([]string, 0, len(items))
	for i, item := range items {
		at := fmt.Sprintf("%s/%d", pointer, i)
		text, ok := item.(string)
		switch {
		case !ok:
			d.refuse(at, ReasonWrongType, "Must be a string; got %s.", kindOf(item))
		case len(text) > MaxLocale || !localePattern.MatchString(text):
			d.refuse(at, ReasonInvalidValue, `Must be a language tag like "en" or "de-AT".`)
		default:
			locales = append(locales, text)
		}
	}
	d.edit.set[localesPath] = strings.Join(locales, ",")
}

// canonical returns a value as the canonical form has it.
func canonical(path, value string) string {
	if path == taxExemptPath && value == "none" {
		return "" // "none" is what every customer is that was never set to anything
	}
	return value
}

func readOnly(name string) bool {
	switch name {
	case "id", "object", "version", "generation", "created_at", "updated_at", "updated_by", "deleted", "deleted_at", "sync":
		return true
	}
	return false
}

// kindOf names the JSON type of a decoded value.
func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "a list"
	default:
		return "an object"
	}
}
