package auth

import (
	"context"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/postgres"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migrations make the table of keys.
var Migrations = postgres.Embedded("auth", migrationFiles)

// Errors of Authenticate. Anything else it returns means that the keys could not be read.
var (
	ErrMissing = errors.New("no API key was sent")
	ErrUnknown = errors.New("the API key is not known")
	ErrExpired = errors.New("the API key has expired or was revoked")
)

// Keys is the store of API keys. It is safe for concurrent use.
type Keys struct {
	db    *gorm.DB
	cache *cache
	roll  roll
}

// NewKeys returns the keys in db, which must be migrated with Migrations. A key that was revoked may be let in for up
// to remember longer: that is how long a successful look-up is kept in memory. 0 looks every time.
func NewKeys(db *gorm.DB, remember time.Duration) *Keys {
	return &Keys{db: db, cache: newCache(remember)}
}

// Issue makes a key and returns its secret, which cannot be had again. A zero expires means never.
func (k *Keys) Issue(ctx context.Context, name string, scopes []Scope, expires time.Time) (string, error) {
	secret := newSecret()
	if _, err := insert(k.db.WithContext(ctx), secret, name, scopes, expires); err != nil {
		return "", err
	}
	return secret, nil
}

// Ensure makes sure that this secret, chosen by an operator, is a valid key with exactly these scopes.
func (k *Keys) Ensure(ctx context.Context, secret, name string, scopes []Scope) error {
	_, err := insert(k.db.WithContext(ctx), secret, name, scopes, time.Time{})
	return err
}

// First makes a key with every scope when there is no key at all, and returns its secret; else it returns "". Of
// several replicas that start at once only one gets a secret.
func (k *Keys) First(ctx context.Context) (string, error) {
	var secret string
	err := k.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		var exists bool
		if err := tx.Exec("LOCK TABLE api_keys IN SHARE ROW EXCLUSIVE MODE").Error; err != nil {
			return err
		}
		if err := tx.Raw("SELECT EXISTS (SELECT 1 FROM api_keys)").Scan(&exists).Error; err != nil || exists {
			return err
		}
		secret = newSecret()
		_, err := insert(tx, secret, "first key", AllScopes(), time.Time{})
		return err
	})
	if err != nil {
		return "", fmt.Errorf("make the first API key: %w", err)
	}
	return secret, nil
}

// Authenticate returns who a secret belongs to.
func (k *Keys) Authenticate(ctx context.Context, secret string) (Principal, error) {
	if secret == "" {
		return Principal{}, ErrMissing
	}
	hash := hashOf(secret)
	if p, ok := k.cache.get(hash); ok {
		return p, nil
	}
	var row authenticated
	result := k.db.WithContext(ctx).Raw(authenticateSQL, hash, hash).Scan(&row)
	if result.Error != nil {
		return Principal{}, fmt.Errorf("look up an API key: %w", result.Error)
	}
	if result.RowsAffected == 0 || subtle.ConstantTimeCompare(row.Hash, hash) != 1 {
		return Principal{}, ErrUnknown
	}
	if !row.Valid {
		return Principal{}, ErrExpired
	}
	p := Principal{KeyID: row.ID.String(), Name: row.Name}
	if err := json.Unmarshal(row.Scopes, &p.Scopes); err != nil {
		return Principal{}, fmt.Errorf("scopes of API key %s: %w", p.KeyID, err)
	}
	if row.Unnoted { // at most once a minute for each key; without it nothing else suffers
		_ = k.db.WithContext(ctx).Exec(`UPDATE api_keys SET used_at = date_trunc('minute', now()) WHERE id = ?`, row.ID).Error
	}
	k.cache.put(hash, p)
	return p, nil
}

// authenticated is what is known of a secret.
type authenticated struct {
	ID      uuid.UUID
	Name    string
	Hash    []byte
	Scopes  []byte
	Valid   bool
	Unnoted bool // the present minute's use has yet to be noted
}

// authenticateSQL finds the key of a secret, be it the present one or one that was replaced.
const authenticateSQL = `
SELECT k.id, k.name, s.hash, k.scopes,
       k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) AND s.works_until > now() AS valid,
       k.used_at IS NULL OR k.used_at < date_trunc('minute', now()) AS unnoted
FROM (SELECT id AS key_id, hash, 'infinity'::timestamptz AS works_until FROM api_keys WHERE hash = ?
      UNION ALL SELECT key_id, hash, works_until FROM api_key_replaced WHERE hash = ?) s
JOIN api_keys k ON k.id = s.key_id ORDER BY s.works_until DESC LIMIT 1`

func insert(db *gorm.DB, secret, name string, scopes []Scope, expires time.Time) (id string, err error) {
	encoded, err := json.Marshal(scopes)
	if err != nil {
		return "", fmt.Errorf("scopes: %w", err)
	}
	var expiresAt *time.Time
	if !expires.IsZero() {
		expiresAt = &expires
	}
	err = db.Raw(`
		INSERT INTO api_keys (id, name, hash, prefix, scopes, expires_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (hash) DO UPDATE SET prefix = excluded.prefix, scopes = excluded.scopes, expires_at = excluded.expires_at,
			revoked_at = NULL
		RETURNING id`,
		uuid.Must(uuid.NewV7()), name, hashOf(secret), prefixOf(secret), string(encoded), expiresAt).Scan(&id).Error
	if err != nil {
		return "", fmt.Errorf("store API key %q: %w", name, err)
	}
	return id, nil
}
