package auth

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"gorm.io/gorm"
)

// rollFor is how long the roll is believed at least. A key that is younger may have to wait that long, if its address is
// one that sends many wrong keys.
const rollFor = time.Second

// roll is the list of all secrets that may work, by their hashes: it tells wrong keys without a query for each. There
// are few keys.
type roll struct {
	mu     sync.Mutex
	hashes map[[sha256.Size]byte]struct{}
	read   time.Time
}

// Exists implements Authenticator.
func (k *Keys) Exists(ctx context.Context, secret string) (bool, error) {
	k.roll.mu.Lock()
	defer k.roll.mu.Unlock()
	if time.Since(k.roll.read) > max(rollFor, k.cache.keep) {
		hashes, err := readRoll(k.db.WithContext(ctx))
		if err != nil {
			return false, err
		}
		k.roll.hashes, k.roll.read = hashes, time.Now()
	}
	_, ok := k.roll.hashes[sha256.Sum256([]byte(secret))]
	return ok, nil
}

func readRoll(db *gorm.DB) (map[[sha256.Size]byte]struct{}, error) {
	var list [][]byte
	err := db.Raw(`SELECT hash FROM api_keys WHERE revoked_at IS NULL UNION ALL SELECT hash FROM api_key_replaced`).Scan(&list).Error
	if err != nil {
		return nil, fmt.Errorf("read the API keys: %w", err)
	}
	hashes := make(map[[sha256.Size]byte]struct{}, len(list))
	for _, hash := range list {
		hashes[[sha256.Size]byte(hash)] = struct{}{}
	}
	return hashes, nil
}
