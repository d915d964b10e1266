package adminapi_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/adminapi"
	"github.com/datasync-dev/datasync/pkg/auth"
)

func TestScopesDecideWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	b := setup(t)
	letter := b.bury("m1")
	_, err := b.viewer.Discard(t.Context(), letter, "why")
	refused(t, err, http.StatusForbidden, "insufficient_scope")
	_, err = b.operator.Keys(t.Context())
	refused(t, err, http.StatusForbidden, "insufficient_scope")
	_, err = (&admin.Client{URL: b.url, Key: "ds_wrong"}).Status(t.Context())
	refused(t, err, http.StatusUnauthorized, "invalid_api_key")
	_, err = (&admin.Client{URL: b.url}).Status(t.Context())
	refused(t, err, http.StatusUnauthorized, "missing_api_key")
	require.Empty(t, b.audited(), "what was refused was not done")
}

// A key without any scope for operators may still ask whose it is.
func TestEveryKeyMayAskWhoseItIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	me, err := b.client("billing", auth.CustomersRead).Me(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, me.ID)
	require.Equal(t, admin.Me{ID: me.ID, Name: "billing", Scopes: []string{"customers:read"}}, me)
	_, err = (&admin.Client{URL: b.url, Key: "ds_wrong"}).Me(t.Context())
	refused(t, err, http.StatusUnauthorized, "invalid_api_key")
}

func TestRefusalsNameWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		code               string
		where              string
	}{
		"a limit":                {"GET", "/admin/v1/changes?limit=0", "", 400, "invalid_parameter", "limit"},
		"no number":              {"GET", "/admin/v1/jobs?limit=many", "", 400, "invalid_parameter", "limit"},
		"a misspelt filter":      {"GET", "/admin/v1/changes?stat=failed", "", 400, "invalid_parameter", "stat"},
		"an unknown state":       {"GET", "/admin/v1/changes?state=lost", "", 400, "invalid_parameter", "state"},
		"no time":                {"GET", "/admin/v1/changes?since=yesterday", "", 400, "invalid_parameter", "since"},
		"a long window":          {"GET", "/admin/v1/series?since=2001-01-01T00:00:00Z", "", 400, "invalid_parameter", "since"},
		"a cursor":               {"GET", "/admin/v1/changes?cursor=x", "", 400, "invalid_cursor", "cursor"},
		"a cursor of the audit":  {"GET", "/admin/v1/audit?cursor=x", "", 400, "invalid_cursor", "cursor"},
		"a cursor of letters":    {"GET", "/admin/v1/dead-letters?cursor=x", "", 400, "invalid_cursor", "cursor"},
		"no JSON":                {"POST", "/admin/v1/keys", "{", 400, "malformed_json", ""},
		"no body":                {"POST", "/admin/v1/keys", "", 400, "malformed_json", ""},
		"a missing field":        {"POST", "/admin/v1/keys", `{"name":"x"}`, 422, "validation_failed", ""},
		"an unknown field":       {"POST", "/admin/v1/keys", `{"name":"x","scopes":["admin"],"color":"red"}`, 422, "validation_failed", "/color"},
		"an unknown scope":       {"POST", "/admin/v1/keys", `{"name":"x","scopes":["all"]}`, 422, "validation_failed", ""},
		"neither ids nor all":    {"POST", "/admin/v1/dead-letters/replay", `{}`, 422, "validation_failed", "/ids"},
		"ids and all":            {"POST", "/admin/v1/dead-letters/replay", `{"ids":["x"],"all":true}`, 422, "validation_failed", "/ids"},
		"no reason":              {"POST", "/admin/v1/dead-letters/" + uuid.NewString() + "/discard", `{"reason":""}`, 422, "validation_failed", "/reason"},
		"no such letter":         {"POST", "/admin/v1/dead-letters/" + uuid.NewString() + "/discard", `{"reason":"x"}`, 404, "dead_letter_not_found", ""},
		"no letter's id":         {"GET", "/admin/v1/dead-letters/x", "", 404, "dead_letter_not_found", ""},
		"no such change":         {"GET", "/admin/v1/changes/" + uuid.NewString(), "", 404, "change_not_found", ""},
		"no such job":            {"GET", "/admin/v1/jobs/x", "", 404, "job_not_found", ""},
		"no such key":            {"DELETE", "/admin/v1/keys/x", "", 404, "key_not_found", ""},
		"nothing there":          {"GET", "/admin/v1/nothing", "", 404, "route_not_found", ""},
		"a body that is too big": {"POST", "/admin/v1/keys", `{"name":"` + strings.Repeat("x", 2<<20) + `"}`, 413, "body_too_large", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, headers, problem := b.raw(c.method, c.path, b.boss.Key, c.body)
			require.Equal(t, c.status, status, problem)
			require.Equal(t, "application/problem+json", headers.Get("Content-Type"))
			require.Equal(t, c.code, problem.Code, problem)
			require.Equal(t, headers.Get("X-Request-Id"), problem.RequestID)
			if c.where != "" {
				require.Equal(t, c.where, problem.Errors[0].Where(), problem)
			}
		})
	}
}

func TestWhatFailsInsideIsNotTold(t *testing.T) {
	t.Parallel()
	b := setup(t, func(a *adminapi.API) {
		adminapi.Read(a, huma.Operation{OperationID: "panic", Method: http.MethodGet, Path: "/admin/v1/panic"},
			func(context.Context, *struct{}) (*struct{}, error) { panic("secret") })
	})
	status, _, problem := b.raw(http.MethodGet, "/admin/v1/panic", b.viewer.Key, "")
	require.Equal(t, http.StatusInternalServerError, status)
	require.Equal(t, "internal_error", problem.Code)
	require.NoError(t, b.db.Exec("DROP TABLE changes CASCADE").Error)
	status, _, problem = b.raw(http.MethodGet, "/admin/v1/changes", b.viewer.Key, "")
	require.Equal(t, http.StatusInternalServerError, status)
	require.NotContains(t, problem.Detail, "relation")
}

func TestADatabaseThatIsAwayIsNotAWrongRequest(t *testing.T) {
	t.Parallel()
	b := setup(t, func(a *adminapi.API) {
		adminapi.Read(a, huma.Operation{OperationID: "slow", Method: http.MethodGet, Path: "/admin/v1/slow"},
			func(context.Context, *struct{}) (*struct{}, error) {
				return nil, fmt.Errorf("read: %w", context.DeadlineExceeded)
			})
	})
	err := b.viewer.Get(t.Context(), "/admin/v1/slow", nil, nil)
	refused(t, err, http.StatusServiceUnavailable, "service_unavailable")
	var failure *admin.RequestError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, 2*time.Second, failure.RetryAfter)
}
