package form

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
)

// Reader takes typed parameters out of a Value and remembers which ones were asked for, so that Done can refuse the
// others. After the first mistake it goes on and returns zero values: callers check Done once. Not for concurrent use.
type Reader struct {
	value    *Value
	path     string
	used     map[string]bool
	children []*Reader
	err      *error
}

// NewReader reads the fields of v.
func NewReader(v *Value) *Reader {
	var err error
	return &Reader{value: v, used: map[string]bool{}, err: &err}
}

// Done returns the first mistake, unknown parameters before all others.
func (r *Reader) Done() error {
	if unknown := r.unknown(); len(unknown) > 0 {
		noun := "parameter"
		if len(unknown) > 1 {
			noun += "s"
		}
		return apierror.Coded(http.StatusBadRequest, "parameter_unknown", unknown[0],
			"Received unknown %s: %s", noun, strings.Join(unknown, ", "))
	}
	return *r.err
}

func (r *Reader) unknown() []string {
	var unknown []string
	for _, name := range r.value.names {
		if !r.used[name] {
			unknown = append(unknown, join(r.path, name))
		}
	}
	for _, child := range r.children {
		unknown = append(unknown, child.unknown()...)
	}
	return unknown
}

// Fail records a mistake unless there was one before.
func (r *Reader) Fail(err error) {
	if *r.err == nil {
		*r.err = err
	}
}

// Param is the full name of a field, as Stripe's errors name it.
func (r *Reader) Param(name string) string { return join(r.path, name) }

// Has tells whether the parameter was sent.
func (r *Reader) Has(name string) bool { return r.value.Field(name) != nil }

// Ignore accepts a parameter, whatever it says, that has no effect here.
func (r *Reader) Ignore(names ...string) {
	for _, name := range names {
		r.used[name] = true
	}
}

// Text returns a text of at most limit characters, or nil when it was not sent.
func (r *Reader) Text(name string, limit int) *string {
	v := r.take(name)
	if v == nil {
		return nil
	}
	if !v.leaf {
		r.Fail(apierror.Invalid(r.Param(name), "Invalid string: a hash or list was passed."))
		return nil
	}
	if n := utf8.RuneCountInString(v.text); n > limit {
		r.Fail(apierror.Invalid(r.Param(name), "Invalid string: %s; must be at most %d characters", shorten(v.text), limit))
		return nil
	}
	return &v.text
}

// Required returns a text that has to be there and must not be empty.
func (r *Reader) Required(name string, limit int) string {
	text := r.Text(name, limit)
	switch {
	case text == nil:
		r.Fail(apierror.Required(r.Param(name)))
		return ""
	case *text == "":
		r.Fail(apierror.Empty(r.Param(name)))
	}
	return *text
}

// Enum returns one of the allowed words, or nil when it was not sent.
func (r *Reader) Enum(name string, allowed ...string) *string {
	text := r.Text(name, 5000)
	if text == nil || slices.Contains(allowed, *text) {
		return text
	}
	words := slices.DeleteFunc(slices.Clone(allowed), func(s string) bool { return s == "" })
	r.Fail(apierror.Invalid(r.Param(name), "Invalid %s: must be one of %s", r.Param(name), strings.Join(words, ", ")))
	return nil
}

// Int returns a whole number, or nil when it was not sent.
func (r *Reader) Int(name string) *int64 {
	text := r.Text(name, 5000)
	if text == nil {
		return nil
	}
	n, err := strconv.ParseInt(*text, 10, 64)
	if err != nil {
		r.Fail(apierror.Coded(http.StatusBadRequest, "parameter_invalid_integer", r.Param(name), "Invalid integer: %s", shorten(*text)))
		return nil
	}
	return &n
}

// Bool returns true or false, or nil when it was not sent.
func (r *Reader) Bool(name string) *bool {
	text := r.Text(name, 5000)
	if text == nil {
		return nil
	}
	b := *text == "true"
	if !b && *text != "false" {
		r.Fail(apierror.Invalid(r.Param(name), "Invalid boolean: %s", shorten(*text)))
		return nil
	}
	return &b
}

// List returns a list of texts; sent is false when it was not sent, and an empty text is the empty list.
func (r *Reader) List(name string, limit int) (texts []string, sent bool) {
	v := r.take(name)
	if v == nil {
		return nil, false
	}
	if v.leaf {
		if v.text != "" {
			r.Fail(apierror.Invalid(r.Param(name), "Invalid array"))
		}
		return nil, true
	}
	items, ok := v.Items()
	if !ok {
		r.Fail(apierror.Invalid(r.Param(name), "Invalid array"))
		return nil, true
	}
	for i, item := range items {
		if !item.leaf || utf8.RuneCountInString(item.text) > limit {
			r.Fail(apierror.Invalid(join(r.Param(name), strconv.Itoa(i)), "Invalid string: must be at most %d characters", limit))
			continue
		}
		texts = append(texts, item.text)
	}
	return texts, true
}

// Hash returns a reader for a nested parameter, or nil when it was not sent; cleared is true for an empty text, which
// unsets the whole. Any other text is a mistake.
func (r *Reader) Hash(name string) (sub *Reader, cleared bool) {
	v := r.take(name)
	switch {
	case v == nil:
		return nil, false
	case v.leaf && v.text == "":
		return nil, true
	case v.leaf:
		r.Fail(apierror.Invalid(r.Param(name), "Invalid object"))
		return nil, false
	}
	sub = &Reader{value: v, path: r.Param(name), used: map[string]bool{}, err: r.err}
	r.children = append(r.children, sub)
	return sub, false
}

// Items returns a reader for each hash in a list.
func (r *Reader) Items(name string) (items []*Reader, sent bool) {
	sub, cleared := r.Hash(name)
	if sub == nil {
		return nil, cleared
	}
	for _, n := range sub.Names() {
		item, _ := sub.Hash(n)
		if _, err := strconv.Atoi(n); err != nil || item == nil {
			r.Fail(apierror.Invalid(r.Param(name), "Invalid array"))
			continue
		}
		items = append(items, item)
	}
	return items, true
}

// Names are the names of all fields, in the order of the request: for hashes whose names are free.
func (r *Reader) Names() []string { return r.value.names }

func (r *Reader) take(name string) *Value {
	r.used[name] = true
	return r.value.Field(name)
}

func shorten(s string) string {
	const keep = 20
	runes := []rune(s)
	if len(runes) <= 2*keep {
		return s
	}
	return string(runes[:keep]) + "..." + string(runes[len(runes)-keep:])
}

// IsHash tells whether the parameter was sent with nested names.
func (r *Reader) IsHash(name string) bool {
	v := r.value.Field(name)
	return v != nil && !v.leaf
}
