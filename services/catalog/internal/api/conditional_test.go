package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/services/catalog/internal/api"
)

func TestIfMatchGuardsEveryWrite(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := pathOf(b.create(`{"name": "Jane"}`))
	require.Equal(t, http.StatusOK, b.do(http.MethodPatch, path, `{"name": "B"}`, `If-Match: "1"`).Status)

	for _, header := range []string{`If-Match: "1"`, `If-Match: "1", "3"`, `If-Match: W/"2"`} {
		b.do(http.MethodPatch, path, `{"name": "C"}`, header).problem(t, http.StatusPreconditionFailed, api.CodeVersionMismatch)
		b.do(http.MethodPut, path, `{"name": "C"}`, header).problem(t, http.StatusPreconditionFailed, api.CodeVersionMismatch)
		b.do(http.MethodDelete, path, "", header).problem(t, http.StatusPreconditionFailed, api.CodeVersionMismatch)
	}
	for _, header := range []string{"If-Match: 2", `If-Match: "2`, "If-Match: ,"} {
		b.do(http.MethodPatch, path, `{"name": "C"}`, header).problem(t, http.StatusBadRequest, api.CodeInvalidHeader)
	}
	require.Len(t, b.events(), 2)

	require.Equal(t, http.StatusOK, b.do(http.MethodPatch, path, `{"name": "C"}`, `If-Match: "7", "2"`).Status)
	require.Equal(t, http.StatusOK, b.do(http.MethodPatch, path, `{"name": "D"}`, "If-Match: *").Status)
	require.Equal(t, http.StatusOK, b.do(http.MethodDelete, path, "", `If-Match: "4"`).Status)
	require.Equal(t, http.StatusOK, b.do(http.MethodPost, path+"/restore", "", `If-Match: "5"`).Status)
}

func TestIfMatchOfNothingFails(t *testing.T) {
	t.Parallel()
	b := setup(t)

	b.do(http.MethodPatch, "/v1/customers/0199c2a4-7d1c-7a3e-9f6e-2a5f0c9d8b71", `{}`, "If-Match: *").
		problem(t, http.StatusNotFound, api.CodeCustomerNotFound)
}

func TestIfNoneMatchSavesTheBody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := pathOf(b.create(`{"name": "Jane"}`))

	for _, header := range []string{`If-None-Match: "1"`, `If-None-Match: W/"1"`, `If-None-Match: "9", "1"`, "If-None-Match: *"} {
		answer := b.do(http.MethodGet, path, "", header)
		require.Equal(t, http.StatusNotModified, answer.Status)
		require.Empty(t, answer.Raw)
		require.Equal(t, `"1"`, answer.Header.Get("ETag"))
	}
	require.Equal(t, http.StatusOK, b.do(http.MethodGet, path, "", `If-None-Match: "2"`).Status)
	require.Equal(t, http.StatusOK, b.do(http.MethodGet, path, "", `If-None-Match: nonsense`).Status)
}
