// Package form reads parameters the way Stripe does: form-encoded with nested names such as address[city],
// preferred_locales[0], expand[] and metadata[key]. An empty value clears, an absent one leaves.
package form

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
)

// Value is a parameter: either a text, or fields by name (a list is fields named 0, 1, 2...). The zero Value is a hash
// without fields.
type Value struct {
	leaf   bool
	text   string
	names  []string // in the order of the request
	fields map[string]*Value
}

// NewText returns a text parameter.
func NewText(s string) *Value { return &Value{leaf: true, text: s} }

// IsText tells a text from a hash.
func (v *Value) IsText() bool { return v.leaf }

// Text is the text of a text parameter, else "".
func (v *Value) Text() string { return v.text }

// Names are the names of the fields, in the order of the request.
func (v *Value) Names() []string { return v.names }

// Field returns a field, or nil.
func (v *Value) Field(name string) *Value { return v.fields[name] }

// Set adds or replaces a field.
func (v *Value) Set(name string, field *Value) {
	if v.fields == nil {
		v.fields = map[string]*Value{}
	}
	if _, known := v.fields[name]; !known {
		v.names = append(v.names, name)
	}
	v.fields[name] = field
}

// Items are the fields as a list, ordered by their numbers; ok is false when a name is not a number.
func (v *Value) Items() (items []*Value, ok bool) {
	numbers := make([]int, 0, len(v.names))
	for _, name := range v.names {
		n, err := strconv.Atoi(name)
		if err != nil || n < 0 {
			return nil, false
		}
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		if item := v.fields[strconv.Itoa(n)]; item != nil {
			items = append(items, item)
		}
	}
	return items, true
}

// Flat lists the full names of all texts below v, sorted; names only, so that they can be logged.
func (v *Value) Flat() []string {
	var names []string
	v.each("", func(name, _ string) { names = append(names, name) })
	slices.Sort(names)
	return names
}

// Fingerprint is equal for equal parameters, in whatever order they were sent.
func (v *Value) Fingerprint() string {
	var pairs []string
	v.each("", func(name, text string) { pairs = append(pairs, strconv.Quote(name)+strconv.Quote(text)) })
	slices.Sort(pairs)
	sum := sha256.New()
	for _, pair := range pairs {
		sum.Write([]byte(pair))
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

func (v *Value) each(prefix string, visit func(name, text string)) {
	if v.leaf {
		visit(prefix, v.text)
		return
	}
	for _, name := range v.names {
		v.fields[name].each(join(prefix, name), visit)
	}
}

func join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "[" + name + "]"
}
