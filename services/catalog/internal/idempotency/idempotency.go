// Package idempotency makes a write that a client sends twice under one Idempotency-Key happen once: the answer is
// stored in the write's own transaction, and given again to whoever comes back with the key.
package idempotency

import (
	"crypto/sha256"
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
var Migrations = postgres.Embedded("idempotency", migrationFiles)

// Keep is how long an answer is kept. After that the key is as good as new.
const Keep = 24 * time.Hour

// MaxKey is the longest key allowed.
const MaxKey = 255

// Errors of Begin and Store.
var (
	// ErrRunning means that another request with the key has not finished yet.
	ErrRunning = errors.New("a request with this Idempotency-Key is still running")
	// ErrReused means that the key was used for another request.
	ErrReused = errors.New("this Idempotency-Key was used for another request")
	// ErrRaced means that another request with the key finished in between: roll back and begin again.
	ErrRaced = errors.New("another request with this Idempotency-Key was faster")
)

// Key identifies a request. Two requests are the same when all of it is equal.
type Key struct {
	Client string // the id of the API key
	Key    string // what the client sent
	hash   []byte
}

// NewKey returns the key of a request; content is everything that makes it this request and no other.
func NewKey(client, key string, content ...[]byte) Key {
	h := sha256.New()
	for _, part := range content {
		fmt.Fprintf(h, "%d:", len(part)) // so that ("ab","c") is not ("a","bc")
		h.Write(part)
	}
	return Key{Client: client, Key: key, hash: h.Sum(nil)}
}

// Answer is what was answered to a request.
type Answer struct {
	Customer uuid.UUID // whom it is about; uuid.Nil when about nobody
	Status   int
	Headers  map[string]string
	Body     []byte
}

// Begin claims the key until tx ends. It returns the answer if the request was answered before, else nil; then the
// caller does the work and calls Store in the same tx. The errors are ErrRunning and ErrReused, or the database's.
func Begin(tx *gorm.DB, k Key) (*Answer, error) {
	var row struct {
		Locked      bool
		RequestHash []byte
		Status      int
		Headers     []byte
		Body        string
	}
	// One round trip. The row may be older than the lock: then Store meets the newer one.
	err := tx.Raw(`
		SELECT l.locked, k.request_hash, k.status, k.headers, k.body
		FROM (SELECT pg_try_advisory_xact_lock(hashtextextended(?, 0)) AS locked) l
		LEFT JOIN idempotency_keys k ON k.api_key_id = ? AND k.key = ? AND k.created_at > now() - make_interval(secs => ?)`,
		"idempotency:"+k.Client+":"+k.Key, k.Client, k.Key, Keep.Seconds()).Scan(&row).Error
	if err != nil {
		return nil, fmt.Errorf("look up an idempotency key: %w", err)
	}
	switch {
	case row.RequestHash == nil && !row.Locked:
		return nil, ErrRunning
	case row.RequestHash == nil:
		return nil, nil //nolint:nilnil // documented: nothing was answered yet
	case string(row.RequestHash) != string(k.hash):
		return nil, ErrReused
	}
	answer := &Answer{Status: row.Status, Body: []byte(row.Body)}
	if err := json.Unmarshal(row.Headers, &answer.Headers); err != nil {
		return nil, fmt.Errorf("headers of a stored answer: %w", err)
	}
	return answer, nil
}

// Store keeps the answer, in the transaction that did the work. ErrRaced: nothing of that may be committed.
func Store(tx *gorm.DB, k Key, a Answer) error {
	headers, err := json.Marshal(a.Headers)
	if err != nil {
		return fmt.Errorf("headers of an answer: %w", err)
	}
	result := tx.Exec(`
		INSERT INTO idempotency_keys AS k (api_key_id, key, request_hash, status, headers, body, customer_id)
		VALUES (?, ?, ?, ?, ?, ?, nullif(?, '00000000-0000-0000-0000-000000000000'::uuid))
		ON CONFLICT (api_key_id, key) DO UPDATE
		SET request_hash = excluded.request_hash, status = excluded.status, headers = excluded.headers,
		    body = excluded.body, customer_id = excluded.customer_id, created_at = now()
		WHERE k.created_at <= now() - make_interval(secs => ?)`,
		k.Client, k.Key, k.hash, a.Status, string(headers), string(a.Body), a.Customer, Keep.Seconds())
	if result.Error != nil {
		return fmt.Errorf("store an idempotent answer: %w", result.Error)
	}
	if result.RowsAffected == 0 {
		return ErrRaced
	}
	return nil
}

// Amend replaces the body of a stored answer: the client was told more than was known when the write committed. One that
// was erased meanwhile stays so.
func Amend(db *gorm.DB, k Key, body []byte) error {
	err := db.Exec(`UPDATE idempotency_keys SET body = ? WHERE api_key_id = ? AND key = ? AND request_hash = ? AND status < 400`,
		string(body), k.Client, k.Key, k.hash).Error
	if err != nil {
		return fmt.Errorf("amend an idempotent answer: %w", err)
	}
	return nil
}
