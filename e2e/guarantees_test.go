package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// proof is a link to a test, a row, a kind of fault or a mutant.
var proof = regexp.MustCompile("\\[`([^`]+)`\\]\\(\\.\\./([^)]+\\.go)\\)") //nolint:gochecknoglobals // a constant

func TestEveryProofOfAGuaranteeExists(t *testing.T) {
	t.Parallel()
	found := proof.FindAllStringSubmatch(read(t, "docs/guarantees.md"), -1)
	require.NotEmpty(t, found)
	for _, link := range found {
		name, file := link[1], link[2]
		what := `"` + regexp.QuoteMeta(name) + `"`
		if strings.HasSuffix(file, "_test.go") {
			what = `(?m)^func ` + name + `\(`
		}
		require.Regexp(t, what, read(t, file), "docs/guarantees.md names %s in %s", name, file)
	}
}

func TestEveryRowAndMutantIsNamedAmongTheGuarantees(t *testing.T) {
	t.Parallel()
	text := read(t, "docs/guarantees.md")
	for _, file := range []string{"e2e/torture/faults/rows.go", "e2e/mutants/list.go"} {
		names := regexp.MustCompile(`name: "([^"]+)"`).FindAllStringSubmatch(read(t, file), -1)
		require.NotEmpty(t, names)
		for _, name := range names {
			require.Contains(t, text, "[`"+name[1]+"`](../"+file+")")
		}
	}
}

// read returns a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(path)))
	require.NoError(t, err)
	return string(raw)
}
