package customers

import (
	"slices"
	"strings"

	"github.com/datasync-dev/datasync/pkg/record"
)

const (
	localesPath   = "preferred_locales"
	taxExemptPath = "tax_exempt"
)

// shape says what may stand at a place of the request body.
type shape struct {
	path     string           // canonical path; of an object: the prefix of its members
	members  map[string]shape // an object's
	list     bool             // preferred_locales
	metadata bool
}

// customerShape is what a request body looks like; the paths are those of record.Customer.
func customerShape() shape {
	return shape{members: map[string]shape{
		"name":        {path: "name"},
		"email":       {path: "email"},
		"phone":       {path: "phone"},
		"description": {path: "description"},
		"tax_exempt":  {path: taxExemptPath},
		"address":     addressShape("address."),
		"shipping": {path: "shipping.", members: map[string]shape{
			"name":    {path: "shipping.name"},
			"phone":   {path: "shipping.phone"},
			"address": addressShape("shipping.address."),
		}},
		"metadata":          {metadata: true},
		"preferred_locales": {path: localesPath, list: true},
	}}
}

func addressShape(prefix string) shape {
	members := map[string]shape{}
	for _, part := range []string{"line1", "line2", "city", "state", "postal_code", "country"} {
		members[part] = shape{path: prefix + part}
	}
	return shape{path: prefix, members: members}
}

// scalars returns the paths of all values below the shape.
func (s shape) scalars() []string {
	if s.members == nil {
		return []string{s.path}
	}
	var paths []string
	for _, member := range s.members {
		paths = append(paths, member.scalars()...)
	}
	return paths
}

func isMetadata(path string) bool { return strings.HasPrefix(path, record.MetadataPrefix) }

// KnownField reports whether a canonical path is one that customers have.
func KnownField(path string) bool {
	if isMetadata(path) {
		return len(path) > len(record.MetadataPrefix)
	}
	for _, member := range customerShape().members {
		if member.metadata {
			continue
		}
		if slices.Contains(member.scalars(), path) {
			return true
		}
	}
	return false
}

// pointerOf is the JSON pointer to where a canonical path stands in a request body.
func pointerOf(path string) string {
	if key, ok := strings.CutPrefix(path, record.MetadataPrefix); ok {
		return "/metadata/" + escapePointer(key)
	}
	return "/" + strings.ReplaceAll(path, ".", "/")
}

func escapePointer(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
}
