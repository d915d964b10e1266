package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/services/catalog/internal/api"
)

// results returns the status of each operation of a batch.
func (r response) results(t *testing.T) (statuses []int) {
	t.Helper()
	require.Equal(t, http.StatusOK, r.Status, r.Raw)
	for _, result := range r.data(t) {
		status, _ := result["status"].(float64)
		statuses = append(statuses, int(status))
	}
	return statuses
}

func TestEachOperationOfABatchSucceedsOrFailsByItself(t *testing.T) {
	t.Parallel()
	b := setup(t)
	jane, jack := idOf(b.create(`{"name": "Jane"}`)), idOf(b.create(`{"name": "Jack"}`))
	answer := b.do(http.MethodPost, "/v1/customers/batch", fmt.Sprintf(`{"operations": [
		{"op": "create", "customer": {"name": "John", "email": "john@example.com"}},
		{"op": "create", "customer": {"email": "nowhere"}},
		{"op": "update", "id": %[1]q, "customer": {"phone": "1"}},
		{"op": "update", "id": %[1]q, "version": 1, "customer": {"phone": "2"}},
		{"op": "replace", "id": %[1]q, "version": 2, "customer": {"name": "Janet"}},
		{"op": "delete", "id": %[2]q},
		{"op": "update", "id": %[2]q, "customer": {"phone": "3"}},
		{"op": "restore", "id": %[2]q},
		{"op": "update", "id": %[3]q, "customer": {"phone": "4"}},
		{"op": "update", "id": "x", "customer": {}},
		{"op": "update", "id": %[1]q, "customer": {"colour": "red"}},
		{"op": "create"},
		{"op": "merge"}
	]}`, jane, jack, uuid.NewString()))
	require.Equal(t, []int{201, 422, 200, 412, 200, 200, 404, 200, 404, 404, 422, 400, 422}, answer.results(t), answer.Raw)
	require.Equal(t, []any{5.0, 8.0}, []any{answer.Body["succeeded"], answer.Body["failed"]})
	data := answer.data(t)
	john, _ := data[0]["customer"].(map[string]any)
	require.Equal(t, "John", b.do(http.MethodGet, pathOf(john), "").Body["name"])
	require.NotEmpty(t, john["created_at"])
	problem, _ := data[1]["problem"].(map[string]any)
	require.Equal(t, "validation_failed", problem["code"])
	require.Nil(t, b.do(http.MethodGet, "/v1/customers/"+jane, "").Body["phone"])
	require.Len(t, b.events(), 7)
	for _, told := range b.events() {
		require.Equal(t, told.Fields["name"] == "John", told.Bulk, "many new customers come after single ones")
	}
	var origins int64
	require.NoError(t, b.db.Raw(`SELECT count(*) FROM changes WHERE origin = 'test' AND request_id = ?`, answer.Header.Get("X-Request-Id")).Scan(&origins).Error)
	require.EqualValues(t, 5, origins)
}

func TestABatchThatIsOnlyTriedDoesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	jane := idOf(b.create(`{"name": "Jane"}`))
	before := b.events()
	body := fmt.Sprintf(`{"operations": [
		{"op": "create", "customer": {"name": "John"}},
		{"op": "create", "customer": {"email": "nowhere"}},
		{"op": "update", "id": %[1]q, "customer": {"name": "Janet"}},
		{"op": "delete", "id": %[1]q},
		{"op": "delete", "id": %[2]q}
	]}`, jane, uuid.NewString())
	tried := b.do(http.MethodPost, "/v1/customers/batch?dry_run=true", body, "Idempotency-Key: k1")
	require.Equal(t, []int{201, 422, 200, 200, 404}, tried.results(t), tried.Raw)
	require.Equal(t, true, tried.Body["dry_run"])
	require.Equal(t, []any{"Jane"}, b.names(""))
	require.Equal(t, before, b.events())

	done := b.do(http.MethodPost, "/v1/customers/batch", body, "Idempotency-Key: k1")
	require.Equal(t, []int{201, 422, 200, 200, 404}, done.results(t), "the key is still unused")
	require.Empty(t, done.Header.Get("Idempotent-Replayed"))
	require.Equal(t, []any{"John"}, b.names(""))
}

func TestABatchUnderAKeyHappensOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	body := `{"operations": [{"op": "create", "customer": {"name": "Jane"}}, {"op": "create", "customer": {"email": "nowhere"}}]}`
	first := b.do(http.MethodPost, "/v1/customers/batch", body, "Idempotency-Key: k1")
	second := b.do(http.MethodPost, "/v1/customers/batch", body, "Idempotency-Key: k1")
	require.Equal(t, []int{201, 422}, second.results(t))
	require.JSONEq(t, first.Raw, second.Raw)
	require.Equal(t, "true", second.Header.Get("Idempotent-Replayed"))
	require.Len(t, b.events(), 1)
	b.do(http.MethodPost, "/v1/customers/batch", `{"operations": [{"op": "create"}]}`, "Idempotency-Key: k1").
		problem(t, http.StatusUnprocessableEntity, api.CodeIdempotencyKeyReused)
}

func TestBatchesThatAreNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	many := `{"operations": [` + strings.Repeat(`{"op": "delete"},`, 500) + `{"op": "delete"}]}`
	b.do(http.MethodPost, "/v1/customers/batch", many).problem(t, http.StatusUnprocessableEntity, api.CodeValidationFailed)
	b.do(http.MethodPost, "/v1/customers/batch", `{"operations": []}`).problem(t, http.StatusUnprocessableEntity, api.CodeValidationFailed)
	unknown := b.do(http.MethodPost, "/v1/customers/batch", `{"operations": [{"op": "create", "fields": {}}]}`)
	unknown.problem(t, http.StatusUnprocessableEntity, api.CodeValidationFailed)
	require.Contains(t, unknown.Raw, "unknown_field")
	require.Contains(t, unknown.Raw, `\"fields\" is neither`)
	b.do(http.MethodPost, "/v1/customers/batch", `[]`).problem(t, http.StatusBadRequest, api.CodeMalformedJSON)
	b.do(http.MethodPost, "/v1/customers/batch", `{"items": []}`).problem(t, http.StatusUnprocessableEntity, api.CodeValidationFailed)
}

func TestAFullBatchIsOneTransaction(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var operations []string
	for i := range 500 {
		operations = append(operations, fmt.Sprintf(`{"op": "create", "customer": {"name": "name %d"}}`, i))
	}
	answer := b.do(http.MethodPost, "/v1/customers/batch", `{"operations": [`+strings.Join(operations, ",")+`]}`)
	require.Equal(t, http.StatusOK, answer.Status, answer.Raw)
	require.Equal(t, 500.0, answer.Body["succeeded"])
	first, _ := answer.data(t)[0]["customer"].(map[string]any)
	require.Equal(t, "name 0", first["name"], "in the order of the operations")
}
