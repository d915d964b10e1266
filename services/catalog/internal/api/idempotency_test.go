package api_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/services/catalog/internal/api"
	"github.com/datasync-dev/datasync/services/catalog/internal/idempotency"
)

func TestARepeatedRequestGetsTheFirstAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)

	first := b.do(http.MethodPost, "/v1/customers", `{"name": "Jane"}`, "Idempotency-Key: k1")
	b.do(http.MethodPatch, pathOf(first.Body), `{"name": "Janet"}`)
	second := b.do(http.MethodPost, "/v1/customers", `{"name": "Jane"}`, "Idempotency-Key: k1")

	require.Equal(t, http.StatusCreated, second.Status)
	require.Equal(t, first.Body, second.Body)
	require.Equal(t, first.Header.Get("ETag"), second.Header.Get("ETag"))
	require.Equal(t, first.Header.Get("Location"), second.Header.Get("Location"))
	require.Empty(t, first.Header.Get("Idempotent-Replayed"))
	require.Equal(t, "true", second.Header.Get("Idempotent-Replayed"))
	require.Len(t, b.events(), 2)
}

func TestAWriteThatIsNotCommittedLeavesNoAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	require.NoError(t, b.db.Exec(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$`).Error)
	require.NoError(t, b.db.Exec(`CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON customers DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION refuse()`).Error)
	failed := b.do(http.MethodPost, "/v1/customers", `{"name": "Jane"}`, "Idempotency-Key: k1")
	require.Equal(t, http.StatusInternalServerError, failed.Status)

	require.NoError(t, b.db.Exec(`DROP TRIGGER refuse ON customers`).Error)
	again := b.do(http.MethodPost, "/v1/customers", `{"name": "Jane"}`, "Idempotency-Key: k1")

	require.Equal(t, http.StatusCreated, again.Status)
	require.Empty(t, again.Header.Get("Idempotent-Replayed"), "the first one was never made")
	require.Equal(t, http.StatusOK, b.do(http.MethodGet, pathOf(again.Body), "").Status)
}

func TestEveryKindOfWriteIsIdempotent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := pathOf(b.create(`{"name": "Jane"}`))
	for i, w := range [][3]string{
		{http.MethodPatch, path, `{"name": "A"}`},
		{http.MethodPut, path, `{"name": "B"}`},
		{http.MethodDelete, path, ""},
		{http.MethodPost, path + "/restore", ""},
	} {
		key := "Idempotency-Key: k" + w[0]
		first := b.do(w[0], w[1], w[2], key)
		require.Equal(t, http.StatusOK, first.Status, first.Raw)
		second := b.do(w[0], w[1], w[2], key)
		require.Equal(t, first.Body, second.Body)
		require.Equal(t, "true", second.Header.Get("Idempotent-Replayed"))
		require.Len(t, b.events(), i+2)
	}
}

func TestAKeyIsForOneRequestOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.do(http.MethodPost, "/v1/customers", `{"name": "Jane"}`, "Idempotency-Key: k1").Body

	b.do(http.MethodPost, "/v1/customers", `{"name": "Eve"}`, "Idempotency-Key: k1").
		problem(t, http.StatusUnprocessableEntity, api.CodeIdempotencyKeyReused)
	b.do(http.MethodPatch, pathOf(c), `{"name": "Jane"}`, "Idempotency-Key: k1").
		problem(t, http.StatusUnprocessableEntity, api.CodeIdempotencyKeyReused)
	b.do(http.MethodPost, "/v1/customers", `{}`, "Idempotency-Key: k\xc3\xbc").
		problem(t, http.StatusBadRequest, api.CodeInvalidHeader)
	require.Len(t, b.events(), 1)
}

func TestKeysOfDifferentClientsDoNotMeet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	first := b.do(http.MethodPost, "/v1/customers", `{"name": "Jane"}`, "Idempotency-Key: k1").Body
	var err error
	b.key, err = b.keys.Issue(t.Context(), "other", auth.AllScopes(), time.Time{})
	require.NoError(t, err)

	second := b.do(http.MethodPost, "/v1/customers", `{"name": "Jane"}`, "Idempotency-Key: k1")

	require.Equal(t, http.StatusCreated, second.Status)
	require.NotEqual(t, first["id"], second.Body["id"])
}

func TestARefusalAfterTheFactIsRepeatedToo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	path := pathOf(b.create(`{"name": "Jane"}`))

	first := b.do(http.MethodPatch, path, `{"name": "A"}`, "Idempotency-Key: k1", `If-Match: "2"`)
	first.problem(t, http.StatusPreconditionFailed, api.CodeVersionMismatch)
	b.do(http.MethodPatch, path, `{"name": "B"}`)
	second := b.do(http.MethodPatch, path, `{"name": "A"}`, "Idempotency-Key: k1", `If-Match: "2"`)

	require.Equal(t, http.StatusPreconditionFailed, second.Status)
	require.Equal(t, "true", second.Header.Get("Idempotent-Replayed"))
	require.Equal(t, first.Body["detail"], second.Body["detail"])
}

func TestAMistakeDoesNotBurnTheKey(t *testing.T) {
	t.Parallel()
	b := setup(t)

	b.do(http.MethodPost, "/v1/customers", `{"email": "jane"}`, "Idempotency-Key: k1").
		problem(t, http.StatusUnprocessableEntity, api.CodeValidationFailed)

	require.Equal(t, http.StatusCreated, b.do(http.MethodPost, "/v1/customers", `{"email": "jane@example.com"}`, "Idempotency-Key: k1").Status)
}

func TestTheSameRequestManyTimesAtOnceHappensOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const twins = 12
	answers := make([]response, twins)

	var all sync.WaitGroup
	for i := range twins {
		all.Go(func() {
			answers[i] = b.do(http.MethodPost, "/v1/customers", `{"name": "Jane"}`, "Idempotency-Key: k1")
		})
	}
	all.Wait()

	fresh, ids := 0, map[any]bool{}
	for _, answer := range answers {
		if answer.Status == http.StatusConflict {
			answer.problem(t, http.StatusConflict, api.CodeRequestInProgress)
			continue
		}
		require.Equal(t, http.StatusCreated, answer.Status, answer.Raw)
		ids[answer.Body["id"]] = true
		if answer.Header.Get("Idempotent-Replayed") == "" {
			fresh++
		}
	}
	require.Equal(t, 1, fresh)
	require.Len(t, ids, 1)
	require.Len(t, b.events(), 1)
}

func TestARequestThatStillRunsIsAnsweredWithConflict(t *testing.T) {
	t.Parallel()
	b := setup(t)
	principal, err := b.keys.Authenticate(t.Context(), b.key)
	require.NoError(t, err)
	key := idempotency.NewKey(principal.KeyID, "k1")

	err = b.db.Transaction(func(tx *gorm.DB) error {
		_, err := idempotency.Begin(tx, key)
		require.NoError(t, err)
		answer := b.do(http.MethodPost, "/v1/customers", `{}`, "Idempotency-Key: k1")
		answer.problem(t, http.StatusConflict, api.CodeRequestInProgress)
		require.NotEmpty(t, answer.Header.Get("Retry-After"))
		return nil
	})

	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, b.do(http.MethodPost, "/v1/customers", `{}`, "Idempotency-Key: k1").Status)
}
