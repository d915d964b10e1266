package command_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
	"github.com/datasync-dev/datasync/pkg/admin"
)

// guarded is a service that wants a key of its own.
func guarded(t *testing.T, name, role, key string, answers map[string]any) *fake {
	t.Helper()
	f := newFake(t, name, role, answers)
	f.key = key
	return f
}

func TestEachServiceIsAskedWithItsOwnKey(t *testing.T) {
	t.Parallel()
	catalog := guarded(t, "catalog", "catalog", "ds_c", map[string]any{})
	stripe, paypal := guarded(t, "stripe", "connector", "ds_s", map[string]any{}), guarded(t, "paypal", "connector", "ds_p", map[string]any{})
	environment := map[string]string{"DATASYNC_URL": catalog.URL, "DATASYNC_CONNECTORS": stripe.URL + "," + paypal.URL}
	for _, keys := range []string{"catalog=ds_c,stripe=ds_s,paypal=ds_p", " stripe=ds_s, paypal=ds_p ,catalog=ds_c\n", "catalog=ds_c\nstripe=ds_s\npaypal=ds_p\n"} {
		environment["DATASYNC_API_KEY"] = keys
		code, out, stderr := runWith(t, environment, "status", "-o", "csv")
		require.Equal(t, exit.OK, code, stderr)
		for _, name := range []string{"catalog,", "stripe,", "paypal,"} {
			require.Contains(t, out, name)
		}
	}
	_, out, _ := runWith(t, environment, "config", "print", "--own", "-o", "csv")
	require.NotContains(t, out, "ds_s", "they are masked")
	require.Contains(t, out, "stripe=****")
}

func TestAListOfKeysThatSaysTooLittleIsRefused(t *testing.T) {
	t.Parallel()
	connectors := "http://127.0.0.1:1,http://127.0.0.1:2"
	for keys, want := range map[string]string{
		"catalog=ds_c,stripe=ds_s":         "there are keys for 1 connectors (stripe), but addresses of 2",
		"catalog=ds_c,ds_s":                "does not say which service",
		"catalog=ds_c,stripe=a,stripe=b":   "two API keys for stripe",
		"ds_a,ds_b":                        "does not say which service",
		"catalog=ds_c,stripe=ds_s,x=1,y=2": "there are keys for 3 connectors",
	} {
		code, _, stderr := runWith(t, map[string]string{"DATASYNC_CONNECTORS": connectors, "DATASYNC_API_KEY": keys}, "customers", "list")
		require.Equal(t, exit.Usage, code, stderr)
		require.Contains(t, stderr, want)
	}
}

// One key for all, as it always was: also one that looks a little like a list.
func TestOneKeyForAllServices(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"ds_all", "c2VjcmV0a2V5cw==", "Zm9v="} {
		catalog, stripe := guarded(t, "catalog", "catalog", key, map[string]any{}), guarded(t, "stripe", "connector", key, map[string]any{})
		code, _, stderr := runWith(t, map[string]string{"DATASYNC_URL": catalog.URL, "DATASYNC_CONNECTORS": stripe.URL, "DATASYNC_API_KEY": key}, "status")
		require.Equal(t, exit.OK, code, stderr)
	}
}

func TestARefusedKeyNamesTheServiceThatRefusedIt(t *testing.T) {
	t.Parallel()
	catalog, stripe := guarded(t, "catalog", "catalog", "ds_c", map[string]any{}), guarded(t, "stripe", "connector", "ds_s", map[string]any{})
	environment := map[string]string{"DATASYNC_URL": catalog.URL, "DATASYNC_CONNECTORS": stripe.URL, "DATASYNC_API_KEY": "ds_c"}
	code, _, stderr := runWith(t, environment, "failures", "list", "--connector", "stripe")
	require.Equal(t, exit.Auth, code)
	require.Contains(t, stderr, "datasync: the connector at "+stripe.URL+" does not know the API key. Set DATASYNC_API_KEY")
	require.Contains(t, stderr, "each has its own")
	require.NotContains(t, stderr, "typing mistakes")

	environment["DATASYNC_API_KEY"] = "catalog=ds_x,stripe=ds_s"
	code, _, stderr = runWith(t, environment, "keys", "list", "--service", "catalog")
	require.Equal(t, exit.Auth, code)
	require.Contains(t, stderr, "the catalog ("+catalog.URL+") does not know the API key")
}

// A key at one service alone would look as if it worked.
func TestAKeyIsMadeEverywhereOrNowhere(t *testing.T) {
	t.Parallel()
	catalog := newFake(t, "catalog", "catalog", map[string]any{"GET /admin/v1/keys": list[admin.Key](), "POST /admin/v1/keys": admin.Key{ID: other, Secret: "ds_c"}})
	refusing := guarded(t, "stripe", "connector", "ds_s", map[string]any{})
	code, out, stderr := run(t, catalog, refusing, "keys", "create", "--name", "viewer", "--scope", "admin:read")
	require.Equal(t, exit.Auth, code)
	require.Contains(t, stderr, "nothing was done, because not every service can be asked: the connector at "+refusing.URL)
	require.Empty(t, out)
	require.Empty(t, catalog.requests())

	failing := newFake(t, "stripe", "connector", map[string]any{"GET /admin/v1/keys": list[admin.Key]()})
	code, out, stderr = run(t, catalog, failing, "keys", "create", "--name", "viewer", "--scope", "admin:read")
	require.Equal(t, exit.Partial, code, "what was made is shown all the same: nothing can show it again")
	require.Contains(t, out, "DATASYNC_API_KEY=catalog=ds_c")
	require.Contains(t, stderr, "only 1 of 2 services have a new secret")
}

// What ends a leaked key has to end it at every service.
func TestAKeyIsRevokedWhereverItIs(t *testing.T) {
	t.Parallel()
	answers := func() map[string]any {
		return map[string]any{
			"GET /admin/v1/keys":                       list(admin.Key{ID: other, Name: "billing", Prefix: "ds_abc"}),
			"DELETE /admin/v1/keys/" + other:           struct{}{},
			"POST /admin/v1/keys/" + other + "/rotate": admin.Key{ID: other, Name: "billing", Secret: "ds_new"},
		}
	}
	catalog, connector := newFake(t, "catalog", "catalog", answers()), newFake(t, "stripe", "connector", answers())
	code, _, stderr := run(t, catalog, connector, "keys", "revoke", "billing")
	require.Equal(t, exit.Usage, code)
	require.Contains(t, stderr, `the key "billing" (ds_abc...) of catalog or "billing" (ds_abc...) of stripe is locked out`)
	code, out, stderr := run(t, catalog, connector, "keys", "rotate", "billing")
	require.Equal(t, exit.OK, code, stderr)
	require.Contains(t, out, "DATASYNC_API_KEY=catalog=ds_new,stripe=ds_new")
	code, _, stderr = run(t, catalog, connector, "keys", "revoke", "billing", "--yes")
	require.Equal(t, exit.OK, code, stderr)
	require.Equal(t, 2, strings.Count(stderr, "Revoked the key"))
	require.Contains(t, catalog.requests(), "DELETE /admin/v1/keys/"+other)
	require.Contains(t, connector.requests(), "DELETE /admin/v1/keys/"+other)
}
