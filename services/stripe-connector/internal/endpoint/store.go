package endpoint

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
)

const (
	busyFor     = 2 * time.Minute // how long one replica may take
	reloadAfter = 2 * time.Second // at most that often secrets are read again because a signature fits none
)

// claim makes it this replica's turn; false when it is another one's, or when it was looked at less than since ago.
func (k *Keeper) claim(ctx context.Context, since time.Duration) (bool, error) {
	result := k.o.DB.WithContext(ctx).Exec(`
		UPDATE webhook_watch SET busy_until = now() + make_interval(secs => ?)
		WHERE busy_until <= now() AND looked_at <= now() - make_interval(secs => ?)`, busyFor.Seconds(), since.Seconds())
	if result.Error != nil {
		return false, fmt.Errorf("claim the webhook endpoint: %w", result.Error)
	}
	return result.RowsAffected == 1, nil
}

// release ends the turn, and stores what was seen unless the turn failed.
func (k *Keeper) release(ctx context.Context, seen admin.WebhookEndpoint, failed bool) error {
	db := k.o.DB.WithContext(context.WithoutCancel(ctx)) // also when the turn was cut short
	if failed {
		// The next look comes after the usual time: what failed now would fail again.
		return db.Exec(`UPDATE webhook_watch SET busy_until = now(), looked_at = now()`).Error
	}
	seen.Secret = ""
	text, err := json.Marshal(seen) //nolint:gosec // the secret is not among it: it was just taken out
	if err != nil {
		return fmt.Errorf("encode the webhook endpoint: %w", err)
	}
	return db.Exec(`UPDATE webhook_watch SET busy_until = now(), looked_at = now(), seen = ?`, string(text)).Error
}

// Seen returns the endpoint as one of the replicas saw it last; the zero value when there is none or none has looked.
func (k *Keeper) Seen(ctx context.Context) (admin.WebhookEndpoint, error) {
	var text string
	var seen admin.WebhookEndpoint
	if err := k.o.DB.WithContext(ctx).Raw(`SELECT seen::text FROM webhook_watch`).Scan(&text).Error; err != nil {
		return seen, fmt.Errorf("read the webhook endpoint: %w", err)
	}
	if err := json.Unmarshal([]byte(text), &seen); err != nil {
		return seen, fmt.Errorf("read the webhook endpoint: %w", err)
	}
	return seen, nil
}

// made are the ids of the endpoints whose secrets are stored.
func (k *Keeper) made(ctx context.Context) (map[string]bool, error) {
	var ids []string
	if err := k.o.DB.WithContext(ctx).Raw(`SELECT id FROM webhook_endpoints WHERE ended_at IS NULL`).Scan(&ids).Error; err != nil {
		return nil, fmt.Errorf("read the webhook endpoints: %w", err)
	}
	made := map[string]bool{}
	for _, id := range ids {
		made[id] = true
	}
	return made, nil
}

// remember stores the secret of an endpoint that was just made, in place of those before it.
func (k *Keeper) remember(ctx context.Context, id, secret string) error {
	err := k.o.DB.WithContext(context.WithoutCancel(ctx)).Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec(`UPDATE webhook_endpoints SET ended_at = now() WHERE ended_at IS NULL`).Error; err != nil {
			return err
		}
		return tx.Exec(`INSERT INTO webhook_endpoints (id, secret) VALUES (?, ?)`, id, secret).Error
	})
	if err != nil {
		return fmt.Errorf("store the webhook endpoint %s: %w", id, err)
	}
	return k.load(ctx)
}

// load reads the stored secrets. Those of an endpoint that was replaced count for an hour: what it sent may be under way.
func (k *Keeper) load(ctx context.Context) error {
	var secrets []string
	err := k.o.DB.WithContext(ctx).Raw(`SELECT secret FROM webhook_endpoints
		WHERE ended_at IS NULL OR ended_at > now() - interval '1 hour' ORDER BY made_at DESC`).Scan(&secrets).Error
	if err != nil {
		return fmt.Errorf("read the secrets of webhook endpoints: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stored, k.read = secrets, time.Now()
	return nil
}

// Secrets returns what may have signed a webhook. Fresh asks for those, too, that another replica has stored meanwhile,
// which is looked up now and then at most.
func (k *Keeper) Secrets(ctx context.Context, fresh bool) ([]string, error) {
	k.mu.Lock()
	old := time.Since(k.read)
	first := k.read.IsZero()
	k.mu.Unlock()
	if first || fresh && old > reloadAfter {
		if err := k.load(ctx); err != nil {
			return nil, err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return append(append([]string(nil), k.o.Secrets...), k.stored...), nil
}
