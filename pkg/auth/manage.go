package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// Errors of the methods that manage keys. They are sentences for the operator who asked.
var (
	ErrNoKey      = errors.New("there is no such API key")
	ErrRevoked    = errors.New("the API key was revoked: make a new one")
	ErrLastAdmin  = errors.New("this is the only working API key with the scope admin: make another one first")
	ErrBadRequest = errors.New("the API key cannot be made like this")
)

// storedKey is a row as it is listed.
type storedKey struct {
	ID        uuid.UUID
	Name      string
	Prefix    string
	Scopes    []byte
	CreatedAt time.Time
	ExpiresAt *time.Time
	RevokedAt *time.Time
	UsedAt    *time.Time
}

// In returns the keys as a transaction sees and changes them. Call Forget when it has been committed.
func (k *Keys) In(tx *gorm.DB) *Keys { return &Keys{db: tx, cache: k.cache} }

// Forget makes sure that every key is looked up again.
func (k *Keys) Forget() { k.cache.empty() }

// List returns every key, the newest first, revoked ones too.
func (k *Keys) List(ctx context.Context) ([]admin.Key, error) {
	var rows []storedKey
	if err := k.db.WithContext(ctx).Raw(`SELECT * FROM api_keys ORDER BY created_at DESC, id DESC`).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("list the API keys: %w", err)
	}
	keys := make([]admin.Key, len(rows))
	for i, row := range rows {
		var err error
		if keys[i], err = row.shown(); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// Create makes a key. Its secret is in the answer and cannot be had again. A request that makes no sense is an
// ErrBadRequest.
func (k *Keys) Create(ctx context.Context, r admin.KeyRequest) (admin.Key, error) {
	scopes := make([]Scope, len(r.Scopes))
	for i, name := range r.Scopes {
		if scopes[i] = Scope(name); !scopes[i].Known() {
			return admin.Key{}, fmt.Errorf("%w: there is no scope %q; the scopes are %v", ErrBadRequest, name, AllScopes())
		}
	}
	switch {
	case r.Name == "" || len(scopes) == 0:
		return admin.Key{}, fmt.Errorf("%w: it needs a name and a scope", ErrBadRequest)
	case !r.ExpiresAt.IsZero() && !r.ExpiresAt.After(time.Now()):
		return admin.Key{}, fmt.Errorf("%w: it would have expired already", ErrBadRequest)
	}
	secret := newSecret()
	id, err := insert(k.db.WithContext(ctx), secret, r.Name, scopes, r.ExpiresAt)
	if err != nil {
		return admin.Key{}, err
	}
	return k.withSecret(ctx, id, secret)
}

const rotateSQL = `
WITH done AS (DELETE FROM api_key_replaced WHERE works_until <= now()),
     older AS (UPDATE api_key_replaced SET works_until = LEAST(works_until, ?) WHERE key_id = ? AND works_until > now()),
     replaced AS (INSERT INTO api_key_replaced (hash, key_id, works_until) SELECT hash, id, ? FROM api_keys WHERE id = ?)
UPDATE api_keys SET hash = ?, prefix = ? WHERE id = ?`

// Rotate gives a key a new secret, which is in the answer and cannot be had again. The present one works on for the
// overlap, and so do those that were replaced before, for what is left of theirs but no longer than that.
func (k *Keys) Rotate(ctx context.Context, id string, overlap time.Duration) (admin.Key, error) {
	secret := newSecret()
	err := k.change(ctx, id, func(tx *gorm.DB, key storedKey) error {
		if key.RevokedAt != nil {
			return ErrRevoked
		}
		until := time.Now().Add(overlap)
		return tx.Exec(rotateSQL, until, key.ID, until, key.ID, hashOf(secret), prefixOf(secret), key.ID).Error
	})
	if err != nil {
		return admin.Key{}, err
	}
	return k.withSecret(ctx, id, secret)
}

// Revoke ends a key with all its secrets, here at once and at other replicas when they stop remembering it. Doing it
// twice changes nothing. The last working key that may manage keys is not revoked: ErrLastAdmin.
func (k *Keys) Revoke(ctx context.Context, id string) error {
	return k.change(ctx, id, func(tx *gorm.DB, key storedKey) error {
		if key.RevokedAt != nil {
			return nil
		}
		var others bool
		err := tx.Raw(`
			SELECT NOT (scopes @> '"admin"') OR EXISTS (
				SELECT 1 FROM api_keys o WHERE o.id <> k.id AND o.revoked_at IS NULL AND o.scopes @> '"admin"'
				AND (o.expires_at IS NULL OR o.expires_at > now()))
			FROM api_keys k WHERE id = ?`, key.ID).Scan(&others).Error
		if err != nil {
			return err
		}
		if !others {
			return ErrLastAdmin
		}
		return tx.Exec(`UPDATE api_keys SET revoked_at = now() WHERE id = ?`, key.ID).Error
	})
}

// change does something to one key. Changes of keys wait for each other: what one sees must stay true until it is done.
func (k *Keys) change(ctx context.Context, id string, do func(tx *gorm.DB, key storedKey) error) error {
	err := k.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec("LOCK TABLE api_keys IN SHARE ROW EXCLUSIVE MODE").Error; err != nil {
			return err
		}
		key, err := find(tx, id)
		if err != nil {
			return err
		}
		return do(tx, key)
	})
	if err != nil {
		return fmt.Errorf("change API key %s: %w", id, err)
	}
	k.cache.empty()
	return nil
}

func find(db *gorm.DB, id string) (storedKey, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return storedKey{}, ErrNoKey
	}
	var row storedKey
	result := db.Raw(`SELECT * FROM api_keys WHERE id = ?`, parsed).Scan(&row)
	if result.Error == nil && result.RowsAffected == 0 {
		return storedKey{}, ErrNoKey
	}
	return row, result.Error
}

func (k *Keys) withSecret(ctx context.Context, id, secret string) (admin.Key, error) {
	row, err := find(k.db.WithContext(ctx), id)
	if err != nil {
		return admin.Key{}, fmt.Errorf("read API key %s: %w", id, err)
	}
	key, err := row.shown()
	key.Secret = secret
	return key, err
}

func (s storedKey) shown() (admin.Key, error) {
	key := admin.Key{
		ID: s.ID.String(), Name: s.Name, Prefix: s.Prefix, CreatedAt: s.CreatedAt.UTC(),
		ExpiresAt: timeOf(s.ExpiresAt), RevokedAt: timeOf(s.RevokedAt), UsedAt: timeOf(s.UsedAt),
	}
	if err := json.Unmarshal(s.Scopes, &key.Scopes); err != nil {
		return admin.Key{}, fmt.Errorf("scopes of API key %s: %w", key.ID, err)
	}
	return key, nil
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
