package adminapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/auth"
)

func TestAKeyCanBeAskedWhatItOpens(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, c := range map[string]struct {
		client *admin.Client
		scopes []string
	}{
		"viewer": {b.viewer, []string{"admin:read"}},
		"boss":   {b.boss, []string{"admin"}},
		"shop":   {b.client("shop", auth.CustomersRead), []string{"customers:read"}},
	} {
		me, err := c.client.Me(t.Context())
		require.NoError(t, err, name)
		require.Equal(t, name, me.Name)
		require.Equal(t, c.scopes, me.Scopes)
		require.NotEmpty(t, me.ID)
	}
	_, err := (&admin.Client{URL: b.url, Key: "ds_wrong"}).Me(t.Context())
	require.Error(t, err)
}

func TestTheAuditNamesTheKeyAndThePerson(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.boss.Actor = "ada"
	key, err := b.boss.CreateKey(t.Context(), admin.KeyRequest{Name: "reports", Scopes: []string{"admin:read"}})
	require.NoError(t, err)
	b.boss.Actor = ""
	require.NoError(t, b.boss.RevokeKey(t.Context(), key.ID))

	audit, err := b.boss.Audit(t.Context(), admin.Page{})
	require.NoError(t, err)
	require.Equal(t, "boss", audit.Data[0].Actor)
	require.Equal(t, "boss (ada)", audit.Data[1].Actor)
}
