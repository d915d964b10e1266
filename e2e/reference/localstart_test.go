package reference_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEverySettingOfTheLocalStartIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(root, "docs/reference/local-start.md"))
	require.NoError(t, err)
	script, err := os.ReadFile(filepath.Join(root, "deployments/local/lib/services.sh"))
	require.NoError(t, err)
	lists := regexp.MustCompile(`(?s)\n(CATALOG|CONNECTOR|CONSOLE)_VARIABLES=\(([^)]*)\)`).FindAllSubmatch(script, -1)
	require.Len(t, lists, 3)
	for _, list := range lists {
		for name := range strings.FieldsSeq(string(list[2])) {
			require.Contains(t, string(page), "`"+name+"`")
		}
	}
}
