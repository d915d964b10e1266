package form

import (
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
)

const (
	maxPairs = 1000
	maxDepth = 8
)

// Parse reads form-encoded parameters, from one or more sources (the query and the body). Its errors are *apierror.Error.
func Parse(sources ...string) (*Value, error) {
	root := &Value{}
	count := 0
	for _, source := range sources {
		for pair := range strings.SplitSeq(source, "&") {
			if pair == "" {
				continue
			}
			if count++; count > maxPairs {
				return nil, apierror.Invalid("", "Too many parameters: at most %d are allowed.", maxPairs)
			}
			if err := add(root, pair); err != nil {
				return nil, err
			}
		}
	}
	return root, nil
}

func add(root *Value, pair string) error {
	rawName, rawText, _ := strings.Cut(pair, "=")
	name, err := unescape(rawName)
	if err != nil {
		return err
	}
	text, err := unescape(rawText)
	if err != nil {
		return err
	}
	path, ok := split(name)
	if !ok || len(path) > maxDepth {
		return apierror.Invalid(name, "Invalid parameter name: %s", name)
	}
	return root.put(name, path, text)
}

func unescape(s string) (string, error) {
	plain, err := url.QueryUnescape(s)
	if err != nil {
		return "", apierror.Invalid("", "Invalid request: a parameter is not properly percent-encoded.")
	}
	if !utf8.ValidString(plain) || strings.ContainsRune(plain, 0) {
		return "", apierror.Invalid("", "Invalid request: parameters must be valid UTF-8 without null bytes.")
	}
	return plain, nil
}

// split takes a[b][] apart into a, b and "". Brackets inside a name stay part of it when they are balanced, so that
// whoever reads the name can refuse it by name.
func split(name string) ([]string, bool) {
	base, rest, nested := strings.Cut(name, "[")
	if base == "" {
		return nil, false
	}
	path := []string{base}
	if !nested {
		return path, true
	}
	rest = "[" + rest
	for rest != "" {
		if rest[0] != '[' {
			return nil, false
		}
		end := closing(rest)
		if end < 0 {
			return nil, false
		}
		path = append(path, rest[1:end])
		rest = rest[end+1:]
	}
	return path, true
}

func closing(s string) int {
	depth := 0
	for i := range len(s) {
		switch s[i] {
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func (v *Value) put(name string, path []string, text string) error {
	at := v
	for i, key := range path[:len(path)-1] {
		key = at.key(key, path[i+1])
		next := at.Field(key)
		if next == nil {
			next = &Value{}
			at.Set(key, next)
		}
		if next.leaf {
			return apierror.Invalid(name, "Invalid object: the parameter is given both as a string and as a hash.")
		}
		at = next
	}
	last := at.key(path[len(path)-1], "")
	if old := at.Field(last); old != nil && !old.leaf {
		return apierror.Invalid(name, "Invalid string: the parameter is given both as a string and as a hash.")
	}
	at.Set(last, NewText(text))
	return nil
}

// key numbers the elements of name[]: a new one each time, except that name[][a]=..&name[][b]=.. is one element.
func (v *Value) key(key, following string) string {
	if key != "" {
		return key
	}
	n := len(v.names)
	if n > 0 && following != "" {
		if last := v.fields[v.names[n-1]]; !last.leaf && last.Field(following) == nil {
			return v.names[n-1]
		}
	}
	return strconv.Itoa(n)
}
