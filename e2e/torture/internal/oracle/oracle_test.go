package oracle_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/e2e/torture/internal/oracle"
	"github.com/datasync-dev/datasync/pkg/record"
)

// set is a write of the name.
func set(writer oracle.Writer, order int64, name string) oracle.Write {
	return oracle.Write{Writer: writer, Order: order, Patch: record.Patch{"name": name}}
}

func knowing(w oracle.Write, version int64) oracle.Write {
	w.Knew = version
	return w
}

// leaving is a write that left the name at a value in the catalog.
func leaving(w oracle.Write, name string) oracle.Write {
	w.Left = record.Fields{"name": name}
	return w
}

// other is a write of something else.
func other(writer oracle.Writer, order int64) oracle.Write {
	return oracle.Write{Writer: writer, Order: order, Patch: record.Patch{"phone": ""}}
}

func customer(writes ...oracle.Write) *oracle.Record {
	r := &oracle.Record{Label: "test"}
	for _, w := range writes {
		r.Accept(w)
	}
	return r
}

func TestAFieldEndsAtTheLastValueOfOneOfItsWriters(t *testing.T) {
	t.Parallel()
	const c, s = oracle.Catalog, oracle.Stripe
	for name, test := range map[string]struct {
		writes []oracle.Write
		final  string
		fault  oracle.Fault // "" is fine
	}{
		"one writer, last value":              {[]oracle.Write{set(c, 1, "a"), set(c, 2, "b")}, "b", ""},
		"one writer, first value":             {[]oracle.Write{set(c, 1, "a"), set(c, 2, "b")}, "a", oracle.Stale},
		"answers that overtake each other":    {[]oracle.Write{set(c, 2, "b"), set(c, 1, "a")}, "b", ""},
		"the version decides, not the answer": {[]oracle.Write{set(c, 2, "b"), set(c, 1, "a")}, "a", oracle.Stale},
		"nothing is left":                     {[]oracle.Write{set(c, 1, "a")}, "", oracle.Lost},
		"a value from nowhere":                {[]oracle.Write{set(c, 1, "a")}, "z", oracle.Foreign},
		"two writers, the catalog's":          {[]oracle.Write{set(c, 1, "a"), set(s, 1, "b")}, "a", ""},
		"two writers, Stripe's":               {[]oracle.Write{set(c, 1, "a"), set(s, 1, "b")}, "b", ""},
		"two writers, an older one": {
			[]oracle.Write{set(c, 1, "a"), set(s, 1, "b"), set(s, 2, "c")}, "b", oracle.Stale,
		},
		"Stripe's knew the catalog's": {[]oracle.Write{set(c, 3, "a"), knowing(set(s, 1, "b"), 3)}, "b", ""},
		"Stripe's knew the catalog's and lost": {
			[]oracle.Write{set(c, 3, "a"), knowing(set(s, 1, "b"), 3)}, "a", oracle.Stale,
		},
		"the catalog's knew Stripe's":                {[]oracle.Write{leaving(set(c, 3, "x"), "b"), set(s, 1, "b"), set(c, 4, "a")}, "a", ""},
		"the catalog's knew Stripe's and lost":       {[]oracle.Write{leaving(set(c, 3, "x"), "b"), set(s, 1, "b"), set(c, 4, "a")}, "b", oracle.Stale},
		"the catalog's came before it held Stripe's": {[]oracle.Write{set(c, 3, "a"), leaving(other(c, 4), "b"), set(s, 1, "b")}, "b", ""},
		"Stripe's knew an older one":                 {[]oracle.Write{set(c, 3, "a"), knowing(set(s, 1, "b"), 2)}, "a", ""},
		"cleared":                                    {[]oracle.Write{set(c, 1, "a"), set(c, 2, "")}, "", ""},
		"cleared, and back":                          {[]oracle.Write{set(c, 1, "a"), set(c, 2, "")}, "a", oracle.Stale},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			final := record.Fields{}.Apply(record.Patch{"name": test.final})
			findings := customer(test.writes...).Judge(final, true)
			if test.fault == "" {
				require.Empty(t, findings)
				return
			}
			require.Len(t, findings, 1)
			require.Equal(t, test.fault, findings[0].Fault, findings[0])
		})
	}
}

func TestAFieldThatNobodyWroteIsForeign(t *testing.T) {
	t.Parallel()
	r := customer(set(oracle.Catalog, 1, "a"))
	findings := r.Judge(record.Fields{"name": "a", "phone": "1"}, true)
	require.Len(t, findings, 1)
	require.Equal(t, oracle.Foreign, findings[0].Fault)
}

func TestADeleteIsFinal(t *testing.T) {
	t.Parallel()
	r := customer(set(oracle.Catalog, 1, "a"), oracle.Write{Writer: oracle.Stripe, Order: 1, Delete: true})
	require.True(t, r.Deleted())
	require.Empty(t, r.Judge(nil, false))
	findings := r.Judge(record.Fields{"name": "a"}, true)
	require.Len(t, findings, 1)
	require.Equal(t, oracle.Risen, findings[0].Fault)
}

func TestACustomerThatNobodyDeletedIsThere(t *testing.T) {
	t.Parallel()
	findings := customer(set(oracle.Catalog, 1, "a")).Judge(nil, false)
	require.Len(t, findings, 1)
	require.Equal(t, oracle.Vanished, findings[0].Fault)
}

func TestWhoWroteWhatIsKnown(t *testing.T) {
	t.Parallel()
	r := customer(set(oracle.Catalog, 1, "a"), set(oracle.Stripe, 1, ""))
	require.True(t, r.Wrote(oracle.Catalog, "name", "a"))
	require.False(t, r.Wrote(oracle.Stripe, "name", "a"))
	require.True(t, r.Wrote(oracle.Stripe, "name", ""))
	require.False(t, r.Wrote(oracle.Catalog, "phone", ""), "not written is not cleared")
}
