package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// narrows is what a program of the version before could stumble over.
var narrows = regexp.MustCompile(`(?i)\b(DROP\s+(TABLE|COLUMN|SCHEMA|TYPE)|RENAME|ALTER\s+COLUMN|SET\s+NOT\s+NULL|TRUNCATE)\b`) //nolint:gochecknoglobals // a constant

// mandatory is a new column that the version before does not fill in.
var mandatory = regexp.MustCompile(`(?is)\bADD\s+COLUMN\b[^,;]*\bNOT\s+NULL\b[^,;]*`) //nolint:gochecknoglobals // a constant

// During a rolling update two versions work on one schema: what the older one uses goes only when it is gone.
func TestMigrationsOnlyAddSoThatTheVersionBeforeGoesOnWorking(t *testing.T) {
	t.Parallel()
	files := 0
	require.NoError(t, filepath.WalkDir("..", func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".sql" || filepath.Base(filepath.Dir(path)) != "migrations" {
			return err
		}
		files++
		content, err := os.ReadFile(path)
		up, _, _ := strings.Cut(string(content), "-- +goose Down")
		require.NotRegexp(t, narrows, up, path)
		for _, column := range mandatory.FindAllString(strings.ReplaceAll(up, "IS NOT NULL", ""), -1) {
			require.Regexp(t, `(?i)\bDEFAULT\b`, column, path)
		}
		return err
	}))
	require.Greater(t, files, 20)
}
