// Package record holds the canonical form in which DataSync compares a record across systems: a flat map of
// path to string. It is pure: no I/O, no knowledge of any database, broker or remote.
package record

import (
	"maps"
	"slices"
)

// Fields is a record in canonical form, for example "address.city" -> "Berlin". A cleared field is absent: no value
// is ever the empty string, so that "cleared here" and "never set there" compare equal.
type Fields map[string]string

// Patch is a set of field changes. A value of "" clears the field; a field that is absent stays as it is.
type Patch map[string]string

// Diff returns the patch that turns from into to. It is empty, never nil, when both are equal.
func Diff(from, to Fields) Patch {
	patch := Patch{}
	for path, value := range to {
		if from[path] != value {
			patch[path] = value
		}
	}
	for path, value := range from {
		if value != "" && to[path] == "" {
			patch[path] = ""
		}
	}
	return patch
}

// Apply returns a copy of f with the patch applied; f itself is left alone.
func (f Fields) Apply(patch Patch) Fields {
	result := f.Clone()
	for path, value := range patch {
		if value == "" {
			delete(result, path)
		} else {
			result[path] = value
		}
	}
	return result
}

// Clone returns an independent copy; the copy of nil is empty.
func (f Fields) Clone() Fields {
	result := make(Fields, len(f))
	maps.Copy(result, f)
	return result
}

// Equal reports whether both hold the same values. Absent and "" are the same.
func (f Fields) Equal(other Fields) bool { return len(Diff(f, other)) == 0 }

// Paths returns the paths of the patch in ascending order.
func (p Patch) Paths() []string { return slices.Sorted(maps.Keys(p)) }
