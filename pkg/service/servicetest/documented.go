package servicetest

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/service"
)

// Documented checks that the file, a page of the documentation, lists a service's settings. A page that differs is
// written anew, so that it only has to be committed, and fails the test.
func Documented(t testing.TB, file, name string, settings []service.Setting) {
	t.Helper()
	var page strings.Builder
	fmt.Fprintf(&page, "# Settings of %s\n\nWritten by the tests from the program's own tags. Every `NAME` can also be given as `NAME_FILE`, "+
		"the path of a\nfile that holds the value. Lists are separated by commas.\n\n| name | default | meaning |\n|---|---|---|\n", name)
	for _, s := range settings {
		require.NotEmpty(t, s.Doc, "%s has no tag doc", s.Name)
		if strings.HasSuffix(s.Name, "_KEY") || strings.HasSuffix(s.Name, "_SECRET") {
			require.True(t, s.Secret, "%s has no tag secret", s.Name)
		}
		preset := ""
		if s.Default != "" {
			preset = "`" + s.Default + "`"
		}
		fmt.Fprintf(&page, "| `%s` | %s | %s |\n", s.Name, preset, s.Doc)
	}
	present, err := os.ReadFile(file)
	if err == nil && string(present) == page.String() {
		return
	}
	require.NoError(t, os.WriteFile(file, []byte(page.String()), 0o600))
	require.Fail(t, "the page was stale and has been written anew: commit it", file)
}
