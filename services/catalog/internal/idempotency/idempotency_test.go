package idempotency_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/services/catalog/internal/idempotency"
)

// once begins and stores in one transaction.
func once(db *gorm.DB, k idempotency.Key, body string) (stored *idempotency.Answer, err error) {
	err = db.Transaction(func(tx *gorm.DB) error {
		stored, err = idempotency.Begin(tx, k)
		if err != nil || stored != nil {
			return err
		}
		return idempotency.Store(tx, k, idempotency.Answer{Status: 201, Headers: map[string]string{"ETag": `"1"`}, Body: []byte(body)})
	})
	return stored, err
}

func TestAnAnswerIsKeptForADay(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, idempotency.Migrations)
	k := idempotency.NewKey(uuid.NewString(), "k", []byte("request"))

	stored, err := once(db, k, "first")
	require.NoError(t, err)
	require.Nil(t, stored)
	stored, err = once(db, k, "second")
	require.NoError(t, err)
	require.Equal(t, &idempotency.Answer{Status: 201, Headers: map[string]string{"ETag": `"1"`}, Body: []byte("first")}, stored)

	require.NoError(t, db.Exec("UPDATE idempotency_keys SET created_at = now() - interval '25 hours'").Error)
	stored, err = once(db, k, "third")
	require.NoError(t, err)
	require.Nil(t, stored, "the key is as good as new")
	stored, err = once(db, k, "fourth")
	require.NoError(t, err)
	require.Equal(t, "third", string(stored.Body))
}

func TestWhoIsSlowerThanItsTwinIsTold(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, idempotency.Migrations)
	k := idempotency.NewKey(uuid.NewString(), "k")
	_, err := once(db, k, "first")
	require.NoError(t, err)

	err = db.Transaction(func(tx *gorm.DB) error { // it looked before the twin committed
		return idempotency.Store(tx, k, idempotency.Answer{Status: 200, Body: []byte("second")})
	})

	require.ErrorIs(t, err, idempotency.ErrRaced)
}

func TestPartsOfARequestDoNotRunTogether(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, idempotency.Migrations)
	client := uuid.NewString()
	_, err := once(db, idempotency.NewKey(client, "k", []byte("ab"), []byte("c")), "first")
	require.NoError(t, err)

	_, err = once(db, idempotency.NewKey(client, "k", []byte("a"), []byte("bc")), "second")

	require.ErrorIs(t, err, idempotency.ErrReused)
}

func TestPruningDeletesWhatIsOld(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, idempotency.Migrations)
	require.NoError(t, db.Exec(`
		INSERT INTO idempotency_keys (api_key_id, key, request_hash, status, headers, body, created_at)
		SELECT gen_random_uuid(), 'k', '', 200, '{}', '', now() - make_interval(hours => hours)
		FROM generate_series(1, 48) AS hours`).Error)

	require.NoError(t, idempotency.Prune(t.Context(), db))

	var left int64
	require.NoError(t, db.Raw(`SELECT count(*) FROM idempotency_keys`).Scan(&left).Error)
	require.EqualValues(t, 23, left)
}
