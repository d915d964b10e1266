package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/catalog/internal/api"
	"github.com/datasync-dev/datasync/services/catalog/internal/inbound"
)

// personal are the values of ada, in the order of her fields.
func personal() []string {
	return []string{"ada.seeded", "Lovelace-Seeded", "+49305551234", "Seedstreet", "seeded_note", "other.seeded"}
}

const ada = `{"name": "Ada Lovelace-Seeded", "email": "ada.seeded@example.com", "phone": "+49305551234",
	"address": {"line1": "Seedstreet 1"}, "metadata": {"seeded_note": "x"}}`

// asAdmin makes the bundle's key one that may erase.
func (b *bundle) asAdmin() {
	b.t.Helper()
	var err error
	b.key, err = b.keys.Issue(b.t.Context(), "officer", []auth.Scope{auth.Admin}, time.Time{})
	require.NoError(b.t, err)
}

// conflicting is a change of a remote to ada's email.
func conflicting(id string, seq int64) event.Change {
	return event.Change{
		Remote: "stripe", Kind: event.KindCustomer, ID: id, RemoteID: "cus_1", Generation: 1, Seq: seq,
		Fields: map[string]record.Inbound{"email": {Seq: seq, Value: "other.seeded@example.com", At: time.Now()}},
	}
}

func (b *bundle) apply(change event.Change) {
	b.t.Helper()
	policies, err := inbound.ParsePolicies("newest", "")
	require.NoError(b.t, err)
	require.NoError(b.t, inbound.NewApplier(b.db, policies, func() {}).Apply(b.t.Context(), change, inbound.Message{}))
}

func TestAnErasedCustomerIsNowhereToBeFound(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.asAdmin()
	c := b.do(http.MethodPost, "/v1/customers", ada, "Idempotency-Key: first").Body
	id, _ := c["id"].(string)
	b.apply(conflicting(id, 1))
	require.NoError(t, b.db.Exec(`INSERT INTO dead_letters (id, queue, exchange, key, message_id, digest, reason, headers, body)
		VALUES (?, 'catalog.changes.v1', '', '', '', '', '', '{}', convert_to(?, 'UTF8'))`, uuid.New(), `{"id":"`+id+`","email":"ada.seeded@example.com"}`).Error)
	require.NoError(t, b.db.Exec(`
		WITH file AS (INSERT INTO imports (id, format, delimiter, key, header, columns, body_at, author)
			VALUES (?, 'csv', ',', '', '[]', '[]', 0, '{}') RETURNING id)
		INSERT INTO import_errors (import_id, line, reason, source) SELECT id, 7, 'refused', ? FROM file`,
		uuid.New(), "x,ADA.seeded@example.com,Lovelace-Seeded").Error)
	require.Subset(t, postgrestest.Holds(t, b.db, "seeded"), []string{
		"customers: seeded", "conflicts: seeded", "changes: seeded", "outbox: seeded", "idempotency_keys: seeded",
		"dead_letters: seeded", "import_errors: seeded",
	})

	erased := b.do(http.MethodPost, pathOf(c)+"/erase", "")
	require.Equal(t, http.StatusOK, erased.Status)
	require.NotNil(t, erased.Body["erased_at"])
	require.Empty(t, postgrestest.Holds(t, b.db, personal()...))

	for method, path := range map[string]string{http.MethodGet: "", http.MethodPatch: "", http.MethodPost: "/restore"} {
		body := ""
		if method == http.MethodPatch {
			body = ada
		}
		b.do(method, pathOf(c)+path, body).problem(t, http.StatusGone, api.CodeCustomerErased)
	}
	b.do(http.MethodPost, "/v1/customers", ada, "Idempotency-Key: first").problem(t, http.StatusGone, api.CodeCustomerErased)
	tombstone := b.do(http.MethodGet, pathOf(c)+"?include_deleted=true", "")
	require.Equal(t, http.StatusOK, tombstone.Status)
	require.Nil(t, tombstone.Body["email"])
	require.Empty(t, postgrestest.Holds(t, b.db, personal()...), "no request brought it back")
}

func TestWhatComesLateDoesNotBringAnErasedCustomerBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.asAdmin()
	c := b.create(ada)
	id, _ := c["id"].(string)
	first := b.do(http.MethodPost, pathOf(c)+"/erase", "")
	b.apply(conflicting(id, 1))
	require.Empty(t, postgrestest.Holds(t, b.db, personal()...))

	again := b.do(http.MethodPost, pathOf(c)+"/erase", "")
	require.Equal(t, http.StatusOK, again.Status)
	require.Equal(t, first.Body["version"], again.Body["version"])
	require.Equal(t, first.Body["erased_at"], again.Body["erased_at"])
	require.Equal(t, http.StatusOK, b.do(http.MethodDelete, pathOf(c), "").Status, "it is deleted already")
}

func TestADeletedCustomerCanBeErased(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.asAdmin()
	c := b.create(ada)
	require.Equal(t, http.StatusOK, b.do(http.MethodDelete, pathOf(c), "").Status)
	require.Equal(t, http.StatusOK, b.do(http.MethodPost, pathOf(c)+"/erase", "").Status)
	require.Empty(t, postgrestest.Holds(t, b.db, personal()...))
	b.do(http.MethodPost, pathOf(c)+"/restore", "").problem(t, http.StatusGone, api.CodeCustomerErased)
}

func TestOnlyAnAdministratorErases(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.create(ada)
	b.do(http.MethodPost, pathOf(c)+"/erase", "").problem(t, http.StatusForbidden, api.CodeInsufficientScope)
	b.asAdmin()
	b.do(http.MethodPost, "/v1/customers/"+uuid.NewString()+"/erase", "").problem(t, http.StatusNotFound, api.CodeCustomerNotFound)
}
