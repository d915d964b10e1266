package api_test

import (
	"context"
	"encoding/csv"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/services/catalog/internal/api"
	"github.com/datasync-dev/datasync/services/catalog/internal/imports"
)

// imported uploads a file, imports it, and returns the import when it is done.
func (b *bundle) imported(contentType, query, content string) map[string]any {
	b.t.Helper()
	accepted := b.do(http.MethodPost, "/v1/imports"+query, content, "Content-Type: "+contentType)
	require.Equal(b.t, http.StatusAccepted, accepted.Status, accepted.Raw)
	runner := jobs.NewRunner(jobs.Options{
		DB: b.db, Log: slog.New(slog.DiscardHandler), Poll: 10 * time.Millisecond,
		Kinds: map[string]jobs.Handler{imports.Kind: imports.Handler(b.db, func() {})},
	})
	ctx, stop := context.WithCancel(b.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	var answer response
	require.Eventually(b.t, func() bool {
		answer = b.do(http.MethodGet, accepted.Header.Get("Location"), "")
		require.Equal(b.t, http.StatusOK, answer.Status, answer.Raw)
		return answer.Body["finished_at"] != nil
	}, 30*time.Second, 10*time.Millisecond)
	stop()
	require.NoError(b.t, <-ended)
	require.Equal(b.t, "done", answer.Body["state"], answer.Raw)
	return answer.Body
}

func TestAnExportIsAnImport(t *testing.T) {
	t.Parallel()
	for name, media := range map[string]string{"csv": "text/csv", "ndjson": "application/x-ndjson"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			jane := b.create(`{"name": "Jane, \"the\" one", "email": "jane@example.com", "address": {"line1": "Street 1\\2", "country": "DE"},
				"metadata": {"plan": "gold", "a.b": "c"}, "preferred_locales": ["de", "en"], "tax_exempt": "exempt",
				"shipping": {"name": "Jane", "address": {"line1": "Street 2"}}}`)
			gone := b.create(`{"name": "Jack"}`)
			require.Equal(t, http.StatusOK, b.do(http.MethodDelete, pathOf(gone), "").Status)
			exported := b.do(http.MethodGet, "/v1/customers/export?format="+name, "")
			require.Equal(t, http.StatusOK, exported.Status, exported.Raw)
			require.NotContains(t, exported.Raw, "Jack")
			require.Contains(t, exported.Header.Get("Content-Disposition"), "customers."+name)
			require.Contains(t, b.do(http.MethodGet, "/v1/customers/export?include_deleted=true&format="+name, "").Raw, "Jack")

			other := setup(t)
			body := other.imported(media, "", exported.Raw)
			require.Equal(t, map[string]any{"created": 1.0}, body["counts"])
			list := other.do(http.MethodGet, "/v1/customers", "").data(t)
			require.Len(t, list, 1)
			for _, field := range []string{"name", "email", "address", "metadata", "preferred_locales", "tax_exempt", "shipping"} {
				require.Equal(t, jane[field], list[0][field], field)
			}
		})
	}
}

func TestManyCustomersAreExportedOnceEach(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.db.Exec(`INSERT INTO customers (id, version, generation, fields, clock, seen)
		SELECT gen_random_uuid(), 1, 1, jsonb_build_object('name', 'n' || i), '{}', '{}' FROM generate_series(1, 1234) AS i`).Error)
	exported := b.do(http.MethodGet, "/v1/customers/export?format=csv", "")
	rows, err := csv.NewReader(strings.NewReader(exported.Raw)).ReadAll()
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, row := range rows[1:] {
		seen[row[0]] = true
	}
	require.Len(t, seen, 1234)
	require.Len(t, rows, 1235)
}

func TestRowsThatWereNotImportedComeBackAsAFile(t *testing.T) {
	t.Parallel()
	b := setup(t)
	body := b.imported("text/csv; charset=utf-8", "?key=crm&ignore=note,other", "crm;name;email;note\n1;Jane;jane@example.com;x\n2;Jack;nowhere;y\n")
	require.Equal(t, map[string]any{"created": 1.0, "bad": 1.0}, body["counts"])
	id, _ := body["id"].(string)
	bad := b.do(http.MethodGet, "/v1/imports/"+id+"/errors", "")
	require.Equal(t, http.StatusOK, bad.Status)
	require.Equal(t, "text/csv; charset=utf-8", bad.Header.Get("Content-Type"))
	require.Regexp(t, `^import_line;import_error;crm;name;email;note\n3;"/email: [^"]+";2;Jack;nowhere;y\n$`, bad.Raw)
}

func TestUploadsThatAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	refused := func(contentType, query, content string) response {
		return b.do(http.MethodPost, "/v1/imports"+query, content, "Content-Type: "+contentType)
	}
	answer := refused("text/csv", "", "name,E-Post\nJane,x")
	answer.problem(t, http.StatusUnprocessableEntity, api.CodeUnreadableFile)
	require.Contains(t, answer.Raw, `"column":"E-Post"`)
	refused("text/csv", "", "").problem(t, http.StatusUnprocessableEntity, api.CodeUnreadableFile)
	refused("application/json", "", "{}").problem(t, http.StatusUnsupportedMediaType, api.CodeUnsupportedMediaType)
	refused("text/csv; charset=iso-8859-1", "", "name\nJane").problem(t, http.StatusUnsupportedMediaType, api.CodeUnsupportedMediaType)
	refused("text/csv", "?format=xls", "name\nJane").problem(t, http.StatusBadRequest, api.CodeInvalidParameter)
	for _, path := range []string{"/v1/imports/x", "/v1/imports/" + uuid.NewString(), "/v1/imports/" + uuid.NewString() + "/errors"} {
		b.do(http.MethodGet, path, "").problem(t, http.StatusNotFound, api.CodeImportNotFound)
	}
	b.as(auth.CustomersRead)
	refused("text/csv", "", "name\nJane").problem(t, http.StatusForbidden, api.CodeInsufficientScope)
}
