package openid_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/services/console/internal/openid"
	"github.com/datasync-dev/datasync/services/console/internal/session"
)

func TestParseRoles(t *testing.T) {
	t.Parallel()
	roles, err := openid.ParseRoles("datasync-admins=admin, everybody@example.com = viewer,\ncn=ops=operator\n")
	require.NoError(t, err)
	require.Equal(t, openid.Roles{"datasync-admins": session.Admin, "everybody@example.com": session.Viewer, "cn=ops": session.Operator}, roles)
}

func TestBadRolesAreToldWithoutWhoseTheyAre(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"no role": "ada@example.com", "an unknown role": "ada@example.com=boss", "an empty role": "ada@example.com=", "nobody": "=admin",
		"twice": "ada@example.com=admin,ada@example.com=viewer",
	} {
		_, err := openid.ParseRoles("staff=viewer," + text)
		require.ErrorContains(t, err, "entry ", name)
		require.NotContains(t, err.Error(), "ada", name)
	}
}
