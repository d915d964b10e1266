package reference_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/auth"
)

// operation is one of an OpenAPI document.
type operation struct {
	Method, Path, Scope, Summary string
	Service                      string
}

const permissionsHead = `# Permissions

Written by the tests from the services' OpenAPI documents. A key has one or more scopes; each operation needs one of them.

| scope | lets | covers |
|---|---|---|
| ` + "`customers:read`" + ` | read customers, and see personal data in the operators' API | |
| ` + "`customers:write`" + ` | write customers | |
| ` + "`admin:read`" + ` | look at everything of the sync, without personal data | |
| ` + "`admin:write`" + ` | act on the sync: push, pull, retry, replay, pause, scale, compare, settle conflicts | ` + "`admin:read`" + ` |
| ` + "`admin`" + ` | manage API keys and the webhook endpoint, erase persons | everything |

A key of the catalog opens the catalog, a key of a connector that connector. No key is needed for
` + "`/livez`, `/readyz` and `/metrics` of both, and for `/docs` and `/openapi.json`" + ` of the catalog.

| scope | operation | at | what it does |
|---|---|---|---|
`

func TestPermissionsAreListed(t *testing.T) {
	t.Parallel()
	for _, scope := range auth.AllScopes() {
		require.Contains(t, permissionsHead, "| `"+string(scope)+"` |")
	}
	var page strings.Builder
	page.WriteString(permissionsHead)
	for _, o := range operations(t) {
		fmt.Fprintf(&page, "| %s | `%s %s` | %s | %s |\n", o.Scope, o.Method, o.Path, o.Service, o.Summary)
	}
	compare(t, "docs/reference/permissions.md", page.String())
}

// operations are those of both services, what both have told once.
func operations(t *testing.T) (all []operation) {
	t.Helper()
	for _, service := range []string{"catalog", "stripe-connector"} {
		var document struct {
			Paths map[string]map[string]struct {
				Summary  string
				Security []map[string][]string
			}
		}
		raw, err := os.ReadFile(filepath.Join(root, "services", service, "openapi.json"))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(raw, &document))
		for path, methods := range document.Paths {
			for method, o := range methods {
				require.Len(t, o.Security, 1, "%s %s", method, path)
				scope := "any key"
				if scopes := o.Security[0]["apiKey"]; len(scopes) > 0 {
					require.True(t, auth.Scope(scopes[0]).Known())
					scope = "`" + scopes[0] + "`"
				}
				all = merge(all, operation{strings.ToUpper(method), path, scope, o.Summary, service})
			}
		}
	}
	slices.SortFunc(all, func(a, b operation) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Method, b.Method))
	})
	require.NotEmpty(t, all)
	return all
}

func merge(all []operation, o operation) []operation {
	for i, have := range all {
		if have.Method == o.Method && have.Path == o.Path && have.Scope == o.Scope {
			all[i].Service = "both"
			return all
		}
	}
	return append(all, o)
}
