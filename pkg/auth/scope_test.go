package auth_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/auth"
)

func TestWhatEachScopeMayDo(t *testing.T) {
	t.Parallel()
	for scope, may := range map[auth.Scope][]auth.Scope{
		auth.CustomersRead:  {auth.CustomersRead},
		auth.CustomersWrite: {auth.CustomersWrite},
		auth.AdminRead:      {auth.AdminRead},
		auth.AdminWrite:     {auth.AdminWrite, auth.AdminRead},
		auth.Admin:          auth.AllScopes(),
		"other":             nil,
	} {
		p := auth.Principal{Scopes: []auth.Scope{scope}}
		for _, needed := range auth.AllScopes() {
			require.Equal(t, slices.Contains(may, needed), p.Can(needed), "%s for %s", scope, needed)
		}
		require.Equal(t, scope != "other", scope.Known())
	}
	require.False(t, auth.Principal{}.Can(auth.CustomersRead))
}
