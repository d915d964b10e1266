package form_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/form"
)

func TestNestedNamesAreTakenApart(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"a=1&b=2":                   "a b",
		"a[b]=1&a[c][d]=2":          "a[b] a[c][d]",
		"a[]=1&a[]=2":               "a[0] a[1]",
		"a[0]=1&a[1]=2":             "a[0] a[1]",
		"a[][x]=1&a[][y]=2":         "a[0][x] a[0][y]",
		"a[][x]=1&a[][x]=2":         "a[0][x] a[1][x]",
		"metadata[a[b]]=1":          "metadata[a[b]]",
		"a":                         "a",
		"":                          "",
		"&&a=1&":                    "a",
		"%61%5Bb%5D=%20":            "a[b]",
		"a=1&a=2":                   "a",
		"metadata[0]=x":             "metadata[0]",
		"a[b]=1&a[b]=2":             "a[b]",
		"preferred_locales[]=en-GB": "preferred_locales[0]",
	} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			v, err := form.Parse(source)
			require.NoError(t, err)
			require.Equal(t, want, strings.Join(v.Flat(), " "))
		})
	}
}

func TestBrokenParametersAreRefused(t *testing.T) {
	t.Parallel()
	for _, source := range []string{"a[b=1", "a]b[=1", "[a]=1", "=1", "a=%", "a=%zz", "a=%ff", "a=%00", "a=1&a[b]=2", "a[b]=2&a=1", "a[b]c=1", "a[b]]=1", "a" + strings.Repeat("[b]", 9) + "=1"} {
		t.Run(source, func(t *testing.T) {
			t.Parallel()
			_, err := form.Parse(source)
			require.Error(t, err)
		})
	}
}

func TestJSONSaysTheSameAsAForm(t *testing.T) {
	t.Parallel()
	d := json.NewDecoder(strings.NewReader(`{"name":"Ada","phone":null,"balance":12345678901,"address":{"city":"x"},"preferred_locales":["en","de"],"tags":[],"flag":true}`))
	d.UseNumber()
	var decoded any
	require.NoError(t, d.Decode(&decoded))
	want, err := form.Parse("name=Ada&phone=&balance=12345678901&address[city]=x&preferred_locales[0]=en&preferred_locales[1]=de&tags=&flag=true")
	require.NoError(t, err)

	got := form.FromJSON(decoded)

	require.Equal(t, want.Fingerprint(), got.Fingerprint())
	require.Equal(t, want.Flat(), got.Flat())
}

func TestFingerprintsTellValuesApart(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, source := range []string{"", "a=1", "a=2", "b=1", "a=1&b=1", "a[b]=1", "a%5B=1", "a=1b=1", "a=", "a[b]=1&a[c]=1"} {
		v, err := form.Parse(source)
		if err != nil {
			continue
		}
		mark := v.Fingerprint()
		require.NotContains(t, seen, mark, source)
		seen[mark] = source
	}
}

// FuzzParse feeds anything: parsing never fails badly, and what was read says the same when it is sent again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"a=1", "a[b]=1&a[c][d]=2", "a[]=1&a[]=2", "a[][x]=1&a[][y]=2", "metadata[a[b]]=1", "a=%", "a[b=1", "a[0]=x&a[]=y"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		v, err := form.Parse(source)
		if err != nil {
			return
		}
		again := url.Values{}
		for _, name := range v.Flat() {
			again.Set(name, "")
		}
		_, _ = v.Items()
		second, err := form.Parse(again.Encode())
		require.NoError(t, err, source)
		require.Equal(t, v.Flat(), second.Flat())
		r := form.NewReader(v)
		for _, name := range v.Names() {
			r.Text(name, 5)
			r.List(name, 5)
			r.Items(name)
			r.Int(name)
		}
		_ = r.Done()
	})
}
