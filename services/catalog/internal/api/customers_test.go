package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/catalog/internal/api"
)

const everything = `{
	"name": "Jane Doe", "email": "Jane@Example.com", "phone": "+49 30 123456", "description": "Line 1\nLine 2",
	"address": {"line1": "Hauptstr. 1", "city": "Berlin", "postal_code": "10115", "country": "DE"},
	"shipping": {"name": "Jane", "phone": "1", "address": {"line1": "Lager 2"}},
	"metadata": {"plan": "gold", "a.b": "dotted"}, "preferred_locales": ["de", "en-GB"], "tax_exempt": "reverse"
}`

func TestCreateAnswersWithTheWholeCustomer(t *testing.T) {
	t.Parallel()
	b := setup(t)

	answer := b.do(http.MethodPost, "/v1/customers", everything)

	require.Equal(t, http.StatusCreated, answer.Status, answer.Raw)
	require.Equal(t, `"1"`, answer.Header.Get("ETag"))
	require.Equal(t, pathOf(answer.Body), answer.Header.Get("Location"))
	require.NotEmpty(t, answer.Header.Get("X-Request-Id"))
	require.Equal(t, "customer", answer.Body["object"])
	require.Equal(t, "Jane@Example.com", answer.Body["email"], "stored as given")
	require.Equal(t, map[string]any{
		"line1": "Hauptstr. 1", "line2": nil, "city": "Berlin", "state": nil, "postal_code": "10115", "country": "DE",
	}, answer.Body["address"])
	require.Equal(t, map[string]any{"plan": "gold", "a.b": "dotted"}, answer.Body["metadata"])
	require.Equal(t, []any{"de", "en-GB"}, answer.Body["preferred_locales"])
	require.Equal(t, "reverse", answer.Body["tax_exempt"])
	require.Equal(t, map[string]any{
		"stripe": map[string]any{"state": "pending", "customer_id": nil, "version": 0.0, "last_synced_at": nil, "last_error": nil},
	}, answer.Body["sync"])

	read := b.do(http.MethodGet, pathOf(answer.Body), "")
	require.Equal(t, http.StatusOK, read.Status)
	require.Equal(t, answer.Body, read.Body)
}

func TestCreateOfNothingIsACustomerToo(t *testing.T) {
	t.Parallel()
	b := setup(t)

	c := b.create(`{}`)

	require.Nil(t, c["name"])
	require.Nil(t, c["address"])
	require.Equal(t, map[string]any{}, c["metadata"])
	require.Equal(t, []any{}, c["preferred_locales"])
	require.Equal(t, "none", c["tax_exempt"])
}

func TestEveryWriteCommitsWithItsEvent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(`{"name": "Jane", "tax_exempt": "none"}`)
	b.do(http.MethodPatch, pathOf(c), `{"email": "jane@example.com"}`)
	b.do(http.MethodDelete, pathOf(c), "")
	b.do(http.MethodPost, pathOf(c)+"/restore", "")

	events := b.events()

	require.Len(t, events, 4)
	for i, e := range events {
		require.Equal(t, c["id"], e.ID)
		require.EqualValues(t, i+1, e.Version)
		require.Equal(t, i == 2, e.Deleted)
	}
	require.Equal(t, record.Fields{"name": "Jane"}, events[0].Fields)
	require.Equal(t, record.Fields{"name": "Jane", "email": "jane@example.com"}, events[3].Fields)
	require.EqualValues(t, 2, events[3].Generation)
}

func TestPatchMergesAndPutReplaces(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		method, body string
		want         map[string]any
	}{
		"a field that is absent stays, null clears": {
			http.MethodPatch, `{"phone": null, "name": "Janet"}`,
			map[string]any{"phone": nil, "name": "Janet", "email": "Jane@Example.com"},
		},
		"an empty string clears like null": {http.MethodPatch, `{"phone": ""}`, map[string]any{"phone": nil}},
		"an address merges": {
			http.MethodPatch, `{"address": {"city": "Hamburg", "postal_code": null}}`,
			map[string]any{"address": map[string]any{
				"line1": "Hauptstr. 1", "line2": nil, "city": "Hamburg", "state": nil, "postal_code": nil, "country": "DE",
			}},
		},
		"null clears an address":         {http.MethodPatch, `{"address": null}`, map[string]any{"address": nil}},
		"metadata merges by key":         {http.MethodPatch, `{"metadata": {"plan": null, "x": "y"}}`, map[string]any{"metadata": map[string]any{"a.b": "dotted", "x": "y"}}},
		"null clears the metadata":       {http.MethodPatch, `{"metadata": null}`, map[string]any{"metadata": map[string]any{}}},
		"null and merge patch: locales":  {http.MethodPatch, `{"preferred_locales": null}`, map[string]any{"preferred_locales": []any{}}},
		"tax_exempt none is the default": {http.MethodPatch, `{"tax_exempt": "none"}`, map[string]any{"tax_exempt": "none"}},
		"PUT clears what it does not name": {
			http.MethodPut, `{"name": "Janet", "metadata": {"x": "y"}}`,
			map[string]any{"name": "Janet", "email": nil, "address": nil, "shipping": nil, "metadata": map[string]any{"x": "y"}, "tax_exempt": "none"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			c := b.create(everything)

			answer := b.do(test.method, pathOf(c), test.body)

			require.Equal(t, http.StatusOK, answer.Status, answer.Raw)
			require.Equal(t, `"2"`, answer.Header.Get("ETag"))
			for field, want := range test.want {
				require.Equal(t, want, answer.Body[field], field)
			}
			require.Equal(t, answer.Body, b.do(http.MethodGet, pathOf(c), "").Body)
		})
	}
}

func TestPatchTakesItsOwnMediaType(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(`{"name": "Jane"}`)

	answer := b.do(http.MethodPatch, pathOf(c), `{"name": null}`, "Content-Type: application/merge-patch+json")

	require.Equal(t, http.StatusOK, answer.Status, answer.Raw)
}

func TestAWriteThatChangesNothingMakesNoVersion(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(everything)

	for _, w := range [][2]string{
		{http.MethodPatch, `{"name": "Jane Doe"}`},
		{http.MethodPatch, `{}`},
		{http.MethodPut, everything},
		{http.MethodPatch, `{"metadata": {"unknown": null}}`},
	} {
		answer := b.do(w[0], pathOf(c), w[1])
		require.Equal(t, http.StatusOK, answer.Status, answer.Raw)
		require.Equal(t, `"1"`, answer.Header.Get("ETag"))
	}
	require.Equal(t, http.StatusOK, b.do(http.MethodPost, pathOf(c)+"/restore", "").Status)
	require.Len(t, b.events(), 1)
}

func TestDeleteLeavesATombstoneThatCanBeRestored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(`{"name": "Jane"}`)
	path := pathOf(c)

	deleted := b.do(http.MethodDelete, path, "")
	require.Equal(t, http.StatusOK, deleted.Status, deleted.Raw)
	require.Equal(t, true, deleted.Body["deleted"])
	require.EqualValues(t, 2, deleted.Body["version"])
	require.Contains(t, deleted.Body, "sync")

	again := b.do(http.MethodDelete, path, "")
	require.Equal(t, http.StatusOK, again.Status)
	require.EqualValues(t, 2, again.Body["version"])

	b.do(http.MethodGet, path, "").problem(t, http.StatusNotFound, api.CodeCustomerDeleted)
	b.do(http.MethodPatch, path, `{"name": "x"}`).problem(t, http.StatusNotFound, api.CodeCustomerDeleted)
	b.do(http.MethodPut, path, `{"name": "x"}`).problem(t, http.StatusNotFound, api.CodeCustomerDeleted)
	shown := b.do(http.MethodGet, path+"?include_deleted=true", "")
	require.Equal(t, http.StatusOK, shown.Status)
	require.Equal(t, true, shown.Body["deleted"])
	require.NotNil(t, shown.Body["deleted_at"])

	restored := b.do(http.MethodPost, path+"/restore", "")
	require.Equal(t, http.StatusOK, restored.Status, restored.Raw)
	require.Equal(t, "Jane", restored.Body["name"])
	require.EqualValues(t, 2, restored.Body["generation"])
	require.EqualValues(t, 3, restored.Body["version"])
	require.Equal(t, http.StatusOK, b.do(http.MethodGet, path, "").Status)
}

func TestUnknownCustomersAreNotFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, id := range []string{"0199c2a4-7d1c-7a3e-9f6e-2a5f0c9d8b71", "cus_123", "%00"} {
		path := "/v1/customers/" + id
		b.do(http.MethodGet, path, "").problem(t, http.StatusNotFound, api.CodeCustomerNotFound)
		b.do(http.MethodPatch, path, `{}`).problem(t, http.StatusNotFound, api.CodeCustomerNotFound)
		b.do(http.MethodPut, path, `{}`).problem(t, http.StatusNotFound, api.CodeCustomerNotFound)
		b.do(http.MethodDelete, path, "").problem(t, http.StatusNotFound, api.CodeCustomerNotFound)
		b.do(http.MethodPost, path+"/restore", "").problem(t, http.StatusNotFound, api.CodeCustomerNotFound)
		b.do(http.MethodGet, path+"/conflicts", "").problem(t, http.StatusNotFound, api.CodeCustomerNotFound)
	}
}
