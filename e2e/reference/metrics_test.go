package reference_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/e2e/reference"
)

const root = "../.."

var update = flag.Bool("update", false, "write the documents")

func metrics(t *testing.T) []reference.Metric {
	t.Helper()
	found, err := reference.Metrics(root, "pkg", "services")
	require.NoError(t, err)
	require.NotEmpty(t, found)
	return found
}

func TestMetricsAreListed(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	page.WriteString("# Metrics\n\nRead from the code by the tests. The catalog and the connectors serve them at `/metrics`, with those of Go\n" +
		"and of the process. Those of `pkg/...` are exported by each service that uses the package.\n\n" +
		"| name | kind | labels | exported by | meaning |\n|---|---|---|---|---|\n")
	for _, m := range metrics(t) {
		fmt.Fprintf(&page, "| `%s` | %s | %s | %s | %s |\n", m.Name, m.Kind, strings.Join(m.Labels, ", "), m.Service, m.Help)
	}
	compare(t, "docs/reference/metrics.md", page.String())
}

func TestMetricsFollowTheNamingOfPrometheus(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, m := range metrics(t) {
		require.True(t, strings.HasPrefix(m.Name, "datasync_"), m.Name)
		require.Equal(t, m.Kind == "counter", strings.HasSuffix(m.Name, "_total"), "%s is a %s", m.Name, m.Kind)
		if m.Kind == "histogram" {
			require.True(t, strings.HasSuffix(m.Name, "_seconds") || strings.HasSuffix(m.Name, "_bytes"), m.Name)
		}
		require.NotContains(t, seen, m.Name)
		seen[m.Name] = m.Service
	}
}

// compare holds a document against what it has to be.
func compare(t *testing.T, path, want string) {
	t.Helper()
	path = filepath.Join(root, path)
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o600))
	}
	have, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(have), "%s is stale: go test ./e2e/reference -update", path)
}
