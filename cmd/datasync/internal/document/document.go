// Package document makes the JSON that the catalog takes for a customer from flat names and texts, as they stand on a
// command line or in the columns of a file.
package document

import (
	"fmt"
	"slices"
	"strings"
)

// metadata begins the names of entries of the customer's own.
const metadata = "metadata."

// locales is the one list; in a text its entries are separated by commas.
const locales = "preferred_locales"

// Names returns every name but those of metadata entries, in the order in which people read them.
func Names() []string {
	names := []string{"name", "email", "phone", "description", "tax_exempt", locales}
	parts := []string{"line1", "line2", "city", "state", "postal_code", "country"}
	for _, part := range parts {
		names = append(names, "address."+part)
	}
	names = append(names, "shipping.name", "shipping.phone")
	for _, part := range parts {
		names = append(names, "shipping.address."+part)
	}
	return names
}

// Known reports whether a customer has such a field.
func Known(name string) bool {
	if key, ok := strings.CutPrefix(name, metadata); ok {
		return key != ""
	}
	return slices.Contains(Names(), name)
}

// ReadOnly reports whether the catalog sets the field itself: it can be in an export but not in an import.
func ReadOnly(name string) bool {
	switch name {
	case "id", "object", "version", "generation", "created_at", "updated_at", "updated_by", "deleted", "deleted_at", "erased_at":
		return true
	}
	return name == "sync" || strings.HasPrefix(name, "sync.")
}

// Document is the body of a request, on its way to JSON.
type Document map[string]any

// Set gives the field a value, making the objects around it. An unknown name is an error.
func (d Document) Set(name, value string) error { return d.put(name, text(name, value)) }

// Clear empties the field, which a merge patch writes as null.
func (d Document) Clear(name string) error {
	if slices.Contains([]string{"address", "shipping", "shipping.address", "metadata"}, name) {
		return d.place(strings.Split(name, "."), nil)
	}
	return d.put(name, nil)
}

func (d Document) put(name string, value any) error {
	if !Known(name) {
		return fmt.Errorf("there is no field %q", name)
	}
	if key, ok := strings.CutPrefix(name, metadata); ok {
		return d.place([]string{"metadata", key}, value) // the key may hold dots
	}
	return d.place(strings.Split(name, "."), value)
}

func (d Document) place(path []string, value any) error {
	at := map[string]any(d)
	for _, part := range path[:len(path)-1] {
		inner, ok := at[part].(map[string]any)
		if !ok {
			if _, taken := at[part]; taken {
				return fmt.Errorf("%s is set as a whole already", part)
			}
			inner = map[string]any{}
			at[part] = inner
		}
		at = inner
	}
	at[path[len(path)-1]] = value
	return nil
}

func text(name, value string) any {
	if name != locales {
		return value
	}
	list := []string{}
	for one := range strings.SplitSeq(value, ",") {
		if one = strings.TrimSpace(one); one != "" {
			list = append(list, one)
		}
	}
	return list
}

// Flatten is the way back: the value of a field of a decoded customer, as text; "" when it is not set.
func Flatten(customer map[string]any, name string) string {
	path := strings.Split(name, ".")
	if key, ok := strings.CutPrefix(name, metadata); ok {
		path = []string{"metadata", key}
	}
	at := customer
	for _, part := range path[:len(path)-1] {
		inner, ok := at[part].(map[string]any)
		if !ok {
			return ""
		}
		at = inner
	}
	switch value := at[path[len(path)-1]].(type) {
	case nil:
		return ""
	case string:
		return value
	case []any:
		list := make([]string, len(value))
		for i, one := range value {
			list[i] = fmt.Sprint(one)
		}
		return strings.Join(list, ",")
	default:
		return fmt.Sprint(value)
	}
}

// Metadata returns the names of the metadata entries of a decoded customer, sorted.
func Metadata(customer map[string]any) []string {
	entries, ok := customer["metadata"].(map[string]any)
	if !ok {
		return nil
	}
	names := make([]string, 0, len(entries))
	for key := range entries {
		names = append(names, metadata+key)
	}
	slices.Sort(names)
	return names
}

// TopLevel reports whether a customer's JSON has a member of this name that may be written.
func TopLevel(name string) bool {
	if name == "metadata" {
		return true
	}
	return slices.ContainsFunc(Names(), func(known string) bool {
		top, _, _ := strings.Cut(known, ".")
		return top == name
	})
}
