package adminapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
)

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
