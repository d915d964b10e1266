package customers

import (
	"maps"
	"strings"

	"github.com/datasync-dev/datasync/pkg/record"
)

// group is a set of fields that Stripe keeps as one nested object.
type group struct {
	prefix string
	paths  []string
}

var (
	address  = group{"address.", []string{"line1", "line2", "city", "state", "postal_code", "country"}}
	shipping = group{"shipping.", []string{
		"name", "phone", "address.line1", "address.line2", "address.city", "address.state", "address.postal_code", "address.country",
	}}
)

// Complete implements connector.Completer. Stripe wants shipping.name and shipping.address whenever anything of shipping
// is sent. And it does not promise to keep the other fields of an address of which only a part is sent, so a nested
// object travels whole: cleared as a whole when nothing of it is left, else with every field that has a value.
func (r *Remote) Complete(patch record.Patch, want record.Fields) record.Patch {
	complete := maps.Clone(patch)
	for _, g := range []group{address, shipping} {
		if g.touched(patch) {
			g.complete(complete, want)
		}
	}
	return complete
}

func (g group) touched(patch record.Patch) bool {
	for path := range patch {
		if strings.HasPrefix(path, g.prefix) {
			return true
		}
	}
	return false
}

func (g group) complete(patch record.Patch, want record.Fields) {
	empty := true
	for _, path := range g.paths {
		empty = empty && want[g.prefix+path] == ""
	}
	for _, path := range g.paths {
		path = g.prefix + path
		if value := want[path]; value != "" || empty {
			patch[path] = value
		}
	}
}

// cleared reports whether the patch empties the whole group.
func (g group) cleared(patch record.Patch) bool {
	for _, path := range g.paths {
		if value, ok := patch[g.prefix+path]; !ok || value != "" {
			return false
		}
	}
	return true
}
