package reference_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Links in text and in pictures, blocks of code left out.
var (
	fenced  = regexp.MustCompile("(?ms)^```.*?^```$")
	link    = regexp.MustCompile(`\[([^\[\]]*)\]\(([^)\s]+)\)`)
	picture = regexp.MustCompile(`(?:src|srcset)="([^"]+)"`)
	test    = regexp.MustCompile("^`((Test|Fuzz)[A-Za-z0-9]+)`$")
	heading = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	absent  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	t.Parallel()
	pages := documents(t)
	require.Contains(t, pages, filepath.Join(root, "README.md"))
	for page, content := range pages {
		for _, found := range picture.FindAllStringSubmatch(content, -1) {
			_, err := os.Stat(filepath.Join(filepath.Dir(page), filepath.FromSlash(found[1])))
			require.NoError(t, err, "%s shows %s", page, found[1])
		}
		for _, found := range link.FindAllStringSubmatch(fenced.ReplaceAllString(content, ""), -1) {
			target, anchor, _ := strings.Cut(found[2], "#")
			if strings.Contains(target, "://") {
				continue
			}
			path := page
			if target != "" {
				path = filepath.Join(filepath.Dir(page), filepath.FromSlash(target))
			}
			_, err := os.Stat(path)
			require.NoError(t, err, "%s links to %s", page, found[2])
			if name := test.FindStringSubmatch(found[1]); name != nil {
				raw, err := os.ReadFile(path)
				require.NoError(t, err)
				require.Contains(t, string(raw), "\nfunc "+name[1]+"(", "%s names it", page)
			}
			if anchor != "" && strings.HasSuffix(path, ".md") {
				require.Contains(t, anchors(pages[path]), anchor, "%s links to %s", page, found[2])
			}
		}
	}
}

func TestEveryPageIsLinkedFromTheIndex(t *testing.T) {
	t.Parallel()
	pages := documents(t)
	index := pages[filepath.Join(root, "docs", "README.md")]
	for page := range pages {
		name, err := filepath.Rel(filepath.Join(root, "docs"), page)
		require.NoError(t, err)
		if name = filepath.ToSlash(name); name != "README.md" && !strings.HasPrefix(name, "../") {
			require.Contains(t, index, "]("+name+")", "docs/README.md does not name it")
		}
	}
}

// documents returns every page of the repository by its path.
func documents(t *testing.T) map[string]string {
	t.Helper()
	pages := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() && !strings.HasSuffix(path, ".md") {
			return err
		}
		if entry.IsDir() {
			name := entry.Name()
			if name == "bin" || name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".") && path != root {
				return filepath.SkipDir
			}
			return nil
		}
		raw, err := os.ReadFile(path)
		pages[path] = string(raw)
		return err
	})
	require.NoError(t, err)
	return pages
}

// anchors are the names under which GitHub shows the headings of a page.
func anchors(content string) (names []string) {
	for _, found := range heading.FindAllStringSubmatch(content, -1) {
		names = append(names, strings.ReplaceAll(absent.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-"))
	}
	return names
}
