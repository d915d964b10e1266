package connect

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
)

// Key is an API key. Service is whose it is, "" for one that every service is shown.
type Key struct{ Service, Secret string }

// Keys are the API keys, in the order in which they were given.
type Keys []Key

// entryForm is an entry of a list: catalog=ds_... What follows = must not be empty, so that the padding of a key in base64 does not
// make an entry of it.
var entryForm = regexp.MustCompile(`^([a-z][a-z0-9_-]*)=([^=].*)$`)

// parseKeys reads one key, or a list of a key for each service: catalog=ds_...,stripe=ds_..., with commas or line breaks.
func parseKeys(text string) (Keys, error) {
	entries := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) })
	var keys Keys
	for _, entry := range entries {
		match := entryForm.FindStringSubmatch(entry)
		switch {
		case match != nil:
			keys = append(keys, Key{match[1], match[2]})
		case len(entries) > 1:
			return nil, exit.New(exit.Usage, fmt.Sprintf("the list of API keys does not say which service %q is for", Mask(entry)),
				"write it like catalog=ds_...,stripe=ds_...; one key for all services stands alone")
		default:
			keys = append(keys, Key{Secret: entry})
		}
	}
	for i, key := range keys {
		for _, earlier := range keys[:i] {
			if key.Service == earlier.Service {
				return nil, exit.New(exit.Usage, "the list has two API keys for "+key.Service, "leave one of them out")
			}
		}
	}
	return keys, nil
}

// String is a list as parseKeys reads it.
func (k Keys) String() string {
	entries := make([]string, len(k))
	for i, key := range k {
		entries[i] = strings.TrimPrefix(key.Service+"="+key.Secret, "=")
	}
	return strings.Join(entries, ",")
}

// masked is String with as much of each secret as tells it from others.
func (k Keys) masked() string {
	hidden := make(Keys, len(k))
	for i, key := range k {
		hidden[i] = Key{key.Service, Mask(key.Secret)}
	}
	return hidden.String()
}

// catalog is the key for the catalog; its zero value when there is none.
func (k Keys) catalog() Key {
	for _, key := range k {
		if key.Service == "" || key.Service == Catalog {
			return key
		}
	}
	return Key{}
}

// connector is the key for the connector whose address stands in this place. Which name it has is not known before it is asked,
// and it is only asked with its own key: no service is shown the key of another.
func (k Keys) connector(place int) Key {
	for _, key := range k {
		switch {
		case key.Service == "":
			return key
		case key.Service == Catalog:
		case place == 0:
			return key
		default:
			place--
		}
	}
	return Key{}
}

// check refuses a list that does not say which connector each key is for.
func (k Keys) check(connectors int) error {
	var names []string
	for _, key := range k {
		if key.Service != "" && key.Service != Catalog {
			names = append(names, key.Service)
		}
	}
	if len(names) == 0 || len(names) == connectors {
		return nil
	}
	return exit.New(exit.Usage,
		fmt.Sprintf("there are keys for %d connectors (%s), but addresses of %d", len(names), strings.Join(names, ", "), connectors),
		"give a key for each address in "+EnvConnectors+", in the same order")
}
