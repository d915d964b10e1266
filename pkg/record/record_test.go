package record_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/datasync-dev/datasync/pkg/record"
)

// fields draws small records, so that two of them often share paths and values.
func fields() *rapid.Generator[record.Fields] {
	return rapid.Custom(func(t *rapid.T) record.Fields {
		return rapid.MapOf(
			rapid.SampledFrom([]string{"name", "email", "address.city", "metadata.a", "metadata.a.b"}),
			rapid.SampledFrom([]string{"x", "y", "z"}),
		).Draw(t, "fields")
	})
}

func TestDiffAppliedGivesTheTarget(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from, to := fields().Draw(t, "from"), fields().Draw(t, "to")
		before := from.Clone()
		require.Equal(t, to.Clone(), from.Apply(record.Diff(from, to)))
		require.Equal(t, before, from.Clone(), "Apply leaves its receiver alone")
	})
}

func TestDiffIsMinimal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from, to := fields().Draw(t, "from"), fields().Draw(t, "to")
		for path, value := range record.Diff(from, to) {
			require.NotEqual(t, from[path], value, path)
			require.Equal(t, to[path], value, path)
		}
		require.Equal(t, len(record.Diff(from, to)) == 0, from.Equal(to))
	})
}

func TestDiffTreatsEmptyAndAbsentAlike(t *testing.T) {
	t.Parallel()
	require.Empty(t, record.Diff(record.Fields{"name": ""}, record.Fields{}))
	require.Empty(t, record.Diff(nil, record.Fields{"name": ""}))
	require.Equal(t, record.Patch{"name": ""}, record.Diff(record.Fields{"name": "x"}, nil))
}

func TestPathsAreSorted(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"a", "b", "c"}, record.Patch{"c": "1", "a": "", "b": "2"}.Paths())
}

func TestCustomerSurvivesItsCanonicalForm(t *testing.T) {
	t.Parallel()
	text := rapid.StringMatching(`[a-zA-Z0-9 .@é]{0,6}`)
	word := rapid.StringMatching(`[a-z]{2}(-[A-Z]{2})?`)
	rapid.Check(t, func(t *rapid.T) {
		c := record.Customer{
			Name: text.Draw(t, "name"), Email: text.Draw(t, "email"), Phone: text.Draw(t, "phone"),
			Description: text.Draw(t, "description"),
			Address:     record.Address{Line1: text.Draw(t, "line1"), City: text.Draw(t, "city"), Country: text.Draw(t, "country")},
			Shipping: record.Shipping{
				Name:    text.Draw(t, "shipping name"),
				Address: record.Address{PostalCode: text.Draw(t, "code"), State: text.Draw(t, "state"), Line2: text.Draw(t, "line2")},
			},
			PreferredLocales: rapid.SliceOfN(word, 0, 3).Draw(t, "locales"),
			Metadata: rapid.MapOf(rapid.StringMatching(`[a-z.]{1,4}`), rapid.StringMatching(`.{1,4}`)).
				Draw(t, "metadata"),
			TaxExempt: rapid.SampledFrom([]string{"", "exempt", "reverse"}).Draw(t, "tax"),
		}
		again := record.CustomerOf(c.Fields())
		require.Equal(t, c.Fields(), again.Fields())
		require.Equal(t, c.Name, again.Name)
		require.Equal(t, c.Shipping, again.Shipping)
		require.Len(t, again.Metadata, len(c.Metadata))
		require.ElementsMatch(t, c.PreferredLocales, again.PreferredLocales)
	})
}

func TestTaxExemptNoneIsTheSameAsUnset(t *testing.T) {
	t.Parallel()
	require.Equal(t, record.Customer{}.Fields(), record.Customer{TaxExempt: "none"}.Fields())
}
