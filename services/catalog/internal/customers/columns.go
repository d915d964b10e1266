package customers

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/datasync-dev/datasync/pkg/record"
)

// MetadataColumn is the column of a table that holds all metadata as a JSON object.
const MetadataColumn = "metadata"

// Columns are the canonical paths of all single-valued fields, in the order in which people expect them.
func Columns() []string {
	columns := []string{"name", "email", "phone", "description", taxExemptPath, localesPath}
	parts := []string{"line1", "line2", "city", "state", "postal_code", "country"}
	for _, part := range parts {
		columns = append(columns, "address."+part)
	}
	columns = append(columns, "shipping.name", "shipping.phone")
	for _, part := range parts {
		columns = append(columns, "shipping.address."+part)
	}
	return columns
}

// ColumnOf returns the canonical path that a column's name means: address_line1 and "Address Line1" are address.line1.
// False: there is no such field.
func ColumnOf(name string) (path string, ok bool) {
	name = strings.TrimSpace(name)
	if prefix := record.MetadataPrefix; len(name) > len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
		return prefix + name[len(prefix):], true // the key is the client's own, to the letter
	}
	plain := squeeze(name)
	for _, path := range append(Columns(), MetadataColumn) {
		if squeeze(path) == plain {
			return path, true
		}
	}
	return "", false
}

// squeeze makes names equal that differ in case and in what separates the words.
func squeeze(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" ._-", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// MetadataJSON is the metadata among fields as a JSON object; "" when there is none.
func MetadataJSON(fields record.Fields) (string, error) {
	metadata := record.CustomerOf(fields).Metadata
	if len(metadata) == 0 {
		return "", nil
	}
	encoded, err := json.Marshal(metadata)
	if err != nil {
		return "", fmt.Errorf("encode metadata: %w", err)
	}
	return string(encoded), nil
}

// EditOf returns the edit that sets fields given by their canonical paths, as the cells of a table have them. The error
// is *Invalid, its pointers being the paths.
func EditOf(cells map[string]string) (Edit, error) {
	d := decoder{edit: Edit{set: record.Patch{}}}
	for path, value := range cells {
		switch path {
		case localesPath:
			d.locales(path, locales(value))
		case MetadataColumn:
			d.metadataColumn(value)
		default:
			d.scalar(path, path, value)
		}
	}
	if len(d.violations) == 0 {
		return d.edit, nil
	}
	return Edit{}, invalid(d.violations)
}

// locales are the items of a cell like "de, en".
func locales(cell string) any {
	var items []any
	for item := range strings.SplitSeq(cell, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	if items == nil {
		return nil
	}
	return slices.Clip(items)
}

func (d *decoder) metadataColumn(cell string) {
	if strings.TrimSpace(cell) == "" {
		return
	}
	var metadata map[string]any
	if err := json.Unmarshal([]byte(cell), &metadata); err != nil {
		d.refuse(MetadataColumn, ReasonWrongType, `Must be a JSON object like {"key": "value"}.`)
		return
	}
	d.metadata(MetadataColumn, metadata)
}

// Content is what an edit sets, the same bytes for the same content.
func (e Edit) Content() []byte {
	encoded, err := json.Marshal(record.Fields{}.Apply(e.set)) // in the order of the paths
	if err != nil {
		panic(err) // texts can always be encoded
	}
	return encoded
}

// Empty reports whether an edit sets nothing to a value.
func (e Edit) Empty() bool { return len(record.Fields{}.Apply(e.set)) == 0 }
