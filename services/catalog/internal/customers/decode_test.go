package customers_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

func patchOf(t *testing.T, current record.Fields, body string) (record.Patch, error) {
	t.Helper()
	edit, err := customers.Decode([]byte(body))
	require.NoError(t, err)
	return edit.Patch(current)
}

func TestAPatchHoldsOnlyWhatChanges(t *testing.T) {
	t.Parallel()
	current := record.Fields{
		"name": "Jane", "address.city": "Berlin", "address.country": "DE", "metadata.a": "1", "metadata.b": "2",
	}
	for name, test := range map[string]struct {
		body string
		want record.Patch
	}{
		"nothing":                     {`{}`, record.Patch{}},
		"the same":                    {`{"name": "Jane", "phone": null, "phone": ""}`, record.Patch{}},
		"a part of an address":        {`{"address": {"city": null}}`, record.Patch{"address.city": ""}},
		"a whole address":             {`{"address": null}`, record.Patch{"address.city": "", "address.country": ""}},
		"an empty address":            {`{"address": {}}`, record.Patch{}},
		"one entry":                   {`{"metadata": {"a": "x"}}`, record.Patch{"metadata.a": "x"}},
		"all metadata":                {`{"metadata": null}`, record.Patch{"metadata.a": "", "metadata.b": ""}},
		"a key with a dot or a slash": {`{"metadata": {"x.y/z": "1"}}`, record.Patch{"metadata.x.y/z": "1"}},
		"locales":                     {`{"preferred_locales": ["de-AT", "en"]}`, record.Patch{"preferred_locales": "de-AT,en"}},
		"no locales":                  {`{"preferred_locales": []}`, record.Patch{}},
		"tax_exempt":                  {`{"tax_exempt": "exempt"}`, record.Patch{"tax_exempt": "exempt"}},
		"tax_exempt none":             {`{"tax_exempt": "none"}`, record.Patch{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			patch, err := patchOf(t, current, test.body)
			require.NoError(t, err)
			require.Equal(t, test.want, patch)
		})
	}
}

func TestShippingMustBeWholeOnceItIsTouched(t *testing.T) {
	t.Parallel()
	whole := record.Fields{"shipping.name": "Jane", "shipping.address.city": "Berlin"}
	for body, ok := range map[string]bool{
		`{"shipping": {"phone": "1"}}`:                    true,
		`{"shipping": null}`:                              true,
		`{"shipping": {"name": null}}`:                    false,
		`{"shipping": {"address": null}}`:                 false,
		`{"shipping": {"name": null, "address": null}}`:   true,
		`{"shipping": {"address": {"line1": "Str. 1"}}}`:  true,
		`{"name": "x"}`:                                   true,
		`{"shipping": {"name": "Jane", "address": null}}`: false,
	} {
		_, err := patchOf(t, whole, body)
		require.Equal(t, ok, err == nil, body)
	}
}

func TestLengthsAreCountedInCharacters(t *testing.T) {
	t.Parallel()
	_, err := patchOf(t, nil, `{"name": "`+strings.Repeat("ü", customers.MaxName)+`"}`)
	require.NoError(t, err)
}

func TestFullMetadataCanStillBeChanged(t *testing.T) {
	t.Parallel()
	current := record.Fields{}
	for i := range customers.MaxMetadata + 1 { // a remote's own entries may make it more than clients may set
		current["metadata."+strings.Repeat("k", i+1)[:min(i+1, 40)]+string(rune('A'+i))] = "v"
	}
	require.Len(t, current, customers.MaxMetadata+1)
	for body, ok := range map[string]bool{`{"metadata": {"kA": null}}`: true, `{"name": "x"}`: true, `{"metadata": {"new": "v"}}`: false} {
		_, err := patchOf(t, current, body)
		require.Equal(t, ok, err == nil, body)
	}
}

// FuzzMergePatch: whatever the body is, it is refused with places and reasons, or it makes a valid customer to which
// the same body does nothing more.
func FuzzMergePatch(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `null`, `[1]`, `{"name": "Jane", "email": null}`, `{"address": {"city": "Berlin", "country": "D"}}`,
		`{"shipping": {"name": "J", "phone": "1", "address": {"line1": "x"}}}`, `{"metadata": {"a.b": "c", "datasync_": "x", "": ""}}`,
		`{"metadata": null, "preferred_locales": ["de", "en-US", 7], "tax_exempt": "none"}`, "{\"name\": \"\xff\"}", `{"name": "\ud800"}`,
		`{"a~b/c": 1e999}`, `{} {}`, `{"description": "a\u0000b"}`,
	} {
		f.Add(seed, "Jane", "k")
	}
	f.Fuzz(func(t *testing.T, body, name, key string) {
		current := record.Fields{"metadata." + key + "x": "v"}
		if name != "" {
			current["name"] = name
		}
		edit, err := customers.Decode([]byte(body))
		if err != nil {
			requireExplained(t, err)
			return
		}
		for _, change := range []func(record.Fields) (record.Patch, error){edit.Patch, edit.Replacement} {
			patch, err := change(current)
			if err != nil {
				requireExplained(t, err)
				continue
			}
			next := current.Apply(patch)
			for path, value := range next {
				require.NotEmpty(t, value)
				require.True(t, customers.KnownField(path), path)
				if value != current[path] {
					require.True(t, utf8.ValidString(value))
					require.NotContains(t, value, "\x00")
				}
			}
			again, err := change(next)
			require.NoError(t, err)
			require.Empty(t, again)
			require.True(t, next.Equal(record.CustomerOf(next).Fields()), "not the canonical form")
		}
	})
}

func requireExplained(t *testing.T, err error) {
	t.Helper()
	var malformed *customers.Malformed
	var invalid *customers.Invalid
	switch {
	case errors.As(err, &malformed):
		require.Positive(t, malformed.Line)
		require.Positive(t, malformed.Column)
	case errors.As(err, &invalid):
		require.NotEmpty(t, invalid.Violations)
		for _, v := range invalid.Violations {
			require.True(t, v.Pointer == "" || strings.HasPrefix(v.Pointer, "/"))
			require.NotEmpty(t, v.Reason)
			require.NotEmpty(t, v.Detail)
		}
	default:
		require.Fail(t, "an error of another kind", "%v", err)
	}
}
