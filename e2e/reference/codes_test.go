package reference_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/e2e/reference"
)

// where says which code answers with the codes of which section of docs/reference/errors.md.
func where() map[string][]string {
	return map[string][]string{
		"Customers":         {"services/catalog/internal/api"},
		"Operators' API":    {"pkg/adminapi", "pkg/connector/adminapi", "services/catalog/internal/operators", "services/stripe-connector/internal/endpoint"},
		"Webhook endpoint":  {"services/stripe-connector/internal/webhook"},
		"Reasons in errors": nil,
	}
}

func TestEveryErrorCodeIsExplained(t *testing.T) {
	t.Parallel()
	for section, directories := range where() {
		listed := rows(t, section)
		if directories == nil {
			shapes, err := reference.ReadShapes(filepath.Join(root, "services/catalog/internal/customers"))
			require.NoError(t, err)
			require.ElementsMatch(t, shapes.Values("Reason"), listed, section)
			continue
		}
		codes, err := reference.Codes(root, directories...)
		require.NoError(t, err)
		require.Greater(t, len(codes), 5, section)
		require.ElementsMatch(t, codes, listed, "section %q of docs/reference/errors.md", section)
	}
}

// rows are the names in the first column of a section's table.
func rows(t *testing.T, section string) (names []string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, "docs/reference/errors.md"))
	require.NoError(t, err)
	part := regexp.MustCompile(`(?ms)^## ` + regexp.QuoteMeta(section) + `$(.*?)(^## |\z)`).FindSubmatch(raw)
	require.NotNil(t, part, "docs/reference/errors.md has no section %q", section)
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllSubmatch(part[1], -1) {
		names = append(names, string(row[1]))
	}
	require.True(t, slices.IsSorted(names), "section %q of docs/reference/errors.md is not sorted", section)
	return names
}
