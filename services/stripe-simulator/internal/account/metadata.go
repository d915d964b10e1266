package account

import (
	"maps"
	"strings"
	"unicode/utf8"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
)

// MetadataEdit sets keys; an empty value removes its key. With Clear all other keys go.
type MetadataEdit struct {
	Clear bool
	Set   map[string]string
}

// Stripe's limits for metadata.
const (
	maxMetadataKeys  = 50
	maxMetadataKey   = 40
	maxMetadataValue = 500
)

func (e *MetadataEdit) apply(old map[string]string) (map[string]string, error) {
	if e == nil {
		return old, nil
	}
	n := map[string]string{}
	if !e.Clear {
		maps.Copy(n, old)
	}
	for key, value := range e.Set {
		if err := checkMetadata(key, value); err != nil {
			return nil, err
		}
		if value == "" {
			delete(n, key)
		} else {
			n[key] = value
		}
	}
	if len(n) > maxMetadataKeys {
		return nil, apierror.Invalid("metadata", "Metadata can have up to %d keys, but after this request it would have %d.", maxMetadataKeys, len(n))
	}
	return n, nil
}

func checkMetadata(key, value string) error {
	param := "metadata[" + key + "]"
	switch {
	case key == "":
		return apierror.Invalid("metadata", "Metadata keys cannot be empty.")
	case strings.ContainsAny(key, "[]"):
		return apierror.Invalid(param, "Metadata keys cannot contain square brackets.")
	case utf8.RuneCountInString(key) > maxMetadataKey:
		return apierror.Invalid(param, "Metadata keys can have up to %d characters, but you passed in a key that is %d characters long.",
			maxMetadataKey, utf8.RuneCountInString(key))
	case utf8.RuneCountInString(value) > maxMetadataValue:
		return apierror.Invalid(param, "Metadata values can have up to %d characters, but you passed in a value that is %d characters long.",
			maxMetadataValue, utf8.RuneCountInString(value))
	}
	return nil
}
