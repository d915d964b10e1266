package auth_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
)

func TestKeysAreListedWithWhatTellsThemApart(t *testing.T) {
	t.Parallel()
	keys := auth.NewKeys(postgrestest.Open(t, auth.Migrations), 0)
	expires := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	made, err := keys.Create(t.Context(), admin.KeyRequest{Name: "console", Scopes: []string{"admin:read"}, ExpiresAt: expires})
	require.NoError(t, err)
	require.Regexp(t, `^ds_[0-9A-Za-z]{43}$`, made.Secret)
	require.Zero(t, made.UsedAt)

	_, err = keys.Authenticate(t.Context(), made.Secret)
	require.NoError(t, err)

	listed, err := keys.List(t.Context())
	require.NoError(t, err)
	require.Len(t, listed, 1)
	require.WithinDuration(t, time.Now(), listed[0].UsedAt, time.Minute)
	require.Zero(t, listed[0].UsedAt.Second(), "to the minute")
	require.Equal(t, made.Secret[:11], listed[0].Prefix)
	require.Equal(t, expires, listed[0].ExpiresAt)
	require.Equal(t, []string{"admin:read"}, listed[0].Scopes)
	require.Empty(t, listed[0].Secret)
}

func TestOfASecretThatAnOperatorChoseLittleIsShown(t *testing.T) {
	t.Parallel()
	keys := auth.NewKeys(postgrestest.Open(t, auth.Migrations), 0)
	require.NoError(t, keys.Ensure(t.Context(), "0123456789abcdef", "bootstrap", auth.AllScopes()))
	listed, err := keys.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, "0123", listed[0].Prefix)
}

func TestKeysThatAreNotMade(t *testing.T) {
	t.Parallel()
	keys := auth.NewKeys(postgrestest.Open(t, auth.Migrations), 0)
	for name, request := range map[string]admin.KeyRequest{
		"unknown scope": {Name: "a", Scopes: []string{"admin:all"}},
		"no scope":      {Name: "a"},
		"no name":       {Scopes: []string{"admin"}},
		"expired":       {Name: "a", Scopes: []string{"admin"}, ExpiresAt: time.Now().Add(-time.Second)},
	} {
		_, err := keys.Create(t.Context(), request)
		require.ErrorIs(t, err, auth.ErrBadRequest, name)
	}
}

func TestTheOldSecretWorksUntilTheOverlapEnds(t *testing.T) {
	t.Parallel()
	db := postgrestest.Open(t, auth.Migrations)
	keys := auth.NewKeys(db, time.Hour) // what was remembered must not outlive a rotation
	made, err := keys.Create(t.Context(), admin.KeyRequest{Name: "client", Scopes: []string{"admin"}})
	require.NoError(t, err)
	_, err = keys.Authenticate(t.Context(), made.Secret)
	require.NoError(t, err)

	rotated, err := keys.Rotate(t.Context(), made.ID, time.Hour)
	require.NoError(t, err)
	require.Equal(t, made.ID, rotated.ID)
	require.NotEqual(t, made.Prefix, rotated.Prefix)
	for _, secret := range []string{made.Secret, rotated.Secret} {
		p, err := keys.Authenticate(t.Context(), secret)
		require.NoError(t, err)
		require.Equal(t, made.ID, p.KeyID)
	}

	require.NoError(t, db.Exec("UPDATE api_key_replaced SET works_until = now()").Error)
	_, err = auth.NewKeys(db, 0).Authenticate(t.Context(), made.Secret)
	require.ErrorIs(t, err, auth.ErrExpired)
}

func TestARotationWithoutOverlapEndsEveryOlderSecret(t *testing.T) {
	t.Parallel()
	keys := auth.NewKeys(postgrestest.Open(t, auth.Migrations), time.Hour)
	first, err := keys.Create(t.Context(), admin.KeyRequest{Name: "client", Scopes: []string{"admin"}})
	require.NoError(t, err)
	second, err := keys.Rotate(t.Context(), first.ID, time.Hour)
	require.NoError(t, err)
	third, err := keys.Rotate(t.Context(), first.ID, 0)
	require.NoError(t, err)
	for _, secret := range []string{first.Secret, second.Secret} {
		_, err := keys.Authenticate(t.Context(), secret)
		require.Error(t, err)
	}
	_, err = keys.Authenticate(t.Context(), third.Secret)
	require.NoError(t, err)
}

func TestARevokedKeyIsDoneWith(t *testing.T) {
	t.Parallel()
	keys := auth.NewKeys(postgrestest.Open(t, auth.Migrations), time.Hour)
	_, err := keys.First(t.Context())
	require.NoError(t, err)
	made, err := keys.Create(t.Context(), admin.KeyRequest{Name: "client", Scopes: []string{"customers:read"}})
	require.NoError(t, err)
	rotated, err := keys.Rotate(t.Context(), made.ID, time.Hour)
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, keys.Revoke(t.Context(), made.ID))
	}
	for _, secret := range []string{made.Secret, rotated.Secret} {
		_, err = keys.Authenticate(t.Context(), secret)
		require.ErrorIs(t, err, auth.ErrExpired)
	}
	_, err = keys.Rotate(t.Context(), made.ID, time.Hour)
	require.ErrorIs(t, err, auth.ErrRevoked)
	for _, id := range []string{uuid.NewString(), "no uuid"} {
		require.ErrorIs(t, keys.Revoke(t.Context(), id), auth.ErrNoKey)
	}
}

func TestTheLastKeyThatManagesKeysIsNotRevoked(t *testing.T) {
	t.Parallel()
	keys := auth.NewKeys(postgrestest.Open(t, auth.Migrations), 0)
	admins := []string{"admin"}
	one, err := keys.Create(t.Context(), admin.KeyRequest{Name: "one", Scopes: admins})
	require.NoError(t, err)
	_, err = keys.Create(t.Context(), admin.KeyRequest{Name: "operator", Scopes: []string{"admin:write"}})
	require.NoError(t, err)
	require.ErrorIs(t, keys.Revoke(t.Context(), one.ID), auth.ErrLastAdmin)

	_, err = keys.Create(t.Context(), admin.KeyRequest{Name: "two", Scopes: admins})
	require.NoError(t, err)
	require.NoError(t, keys.Revoke(t.Context(), one.ID))
}
