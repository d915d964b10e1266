package deadletter

import (
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

const full = summary + `, headers::text AS headers, body, message_time, replays`

// Replay sends a letter to the queue that it came from, and to no other one, through the outbox of the same schema: it
// is sent if and when the caller's transaction commits. A letter that is dead again after that waits again. by is who
// wants it. Errors: ErrNotFound, ErrSettled, ErrNoQueue, rabbitmq.ErrInvalid for one that is too large.
func Replay(tx *gorm.DB, id uuid.UUID, by string) (admin.DeadLetter, error) {
	l, err := waiting(tx, id)
	if err != nil {
		return admin.DeadLetter{}, err
	}
	if l.Queue == "" {
		return admin.DeadLetter{}, ErrNoQueue
	}
	replayed, err := replay(tx, []letter{l}, by)
	if err != nil {
		return admin.DeadLetter{}, err
	}
	return replayed[0].shape(), nil
}

// ReplayBatch replays up to limit of the letters that have been waiting since before until, the oldest first, and
// returns how many there were: fewer than limit means that no more are left. Letters that
// Replay would refuse are left out, and so are those that somebody else is settling. Because a letter that comes back
// is younger than until, calling it until nothing is left ends. All of a batch is in memory at once.
func ReplayBatch(tx *gorm.DB, until time.Time, limit int, by string) (int, error) {
	var letters []letter
	err := tx.Raw(`SELECT `+full+` FROM dead_letters WHERE state = 'waiting' AND queue <> '' AND length(body) <= ?
		AND at < ? ORDER BY at, id LIMIT ? FOR UPDATE SKIP LOCKED`, rabbitmq.MaxBody, until, limit).Scan(&letters).Error
	if err != nil {
		return 0, fmt.Errorf("read dead letters: %w", err)
	}
	replayed, err := replay(tx, letters, by)
	return len(replayed), err
}

// replay sends letters that the transaction has locked.
func replay(tx *gorm.DB, letters []letter, by string) ([]letter, error) {
	messages := make([]rabbitmq.Message, 0, len(letters))
	for i := range letters {
		l := &letters[i]
		headers, err := l.headers()
		if err != nil {
			return nil, err
		}
		l.Replays++
		headers[replayHeader] = strconv.Itoa(l.Replays)
		m := rabbitmq.Message{Key: l.Queue, ID: l.MessageID, Headers: headers, Body: l.Body} // the default exchange
		if l.MessageTime != nil {
			m.Time = *l.MessageTime
		}
		messages = append(messages, m)
		if err := settle(tx, l, "replayed", by, ""); err != nil {
			return nil, err
		}
	}
	return letters, outbox.Append(tx, messages...)
}

// Discard gives a letter up, for a reason that is kept. Errors: ErrNotFound, ErrSettled.
func Discard(tx *gorm.DB, id uuid.UUID, by, reason string) (admin.DeadLetter, error) {
	l, err := waiting(tx, id)
	if err != nil {
		return admin.DeadLetter{}, err
	}
	if err := settle(tx, &l, "discarded", by, reason); err != nil {
		return admin.DeadLetter{}, err
	}
	return l.shape(), nil
}

// waiting locks a letter that waits.
func waiting(tx *gorm.DB, id uuid.UUID) (letter, error) {
	var found []letter
	if err := tx.Raw(`SELECT `+full+` FROM dead_letters WHERE id = ? FOR UPDATE`, id).Scan(&found).Error; err != nil {
		return letter{}, fmt.Errorf("read dead letter %s: %w", id, err)
	}
	switch {
	case len(found) == 0:
		return letter{}, ErrNotFound
	case found[0].State != "waiting":
		return letter{}, ErrSettled
	}
	return found[0], nil
}

func settle(tx *gorm.DB, l *letter, state, by, reason string) error {
	l.State, l.SettledBy, l.SettledFor = state, clean(by), clean(reason)
	err := tx.Raw(`
UPDATE dead_letters SET state = ?, settled_at = now(), settled_by = ?, settled_for = ?, replays = ? WHERE id = ?
RETURNING settled_at`, l.State, l.SettledBy, l.SettledFor, l.Replays, l.ID).Scan(&l.SettledAt).Error
	if err != nil {
		return fmt.Errorf("settle dead letter %s: %w", l.ID, err)
	}
	return nil
}

// Erase removes content and headers of every letter in which one of the ids occurs: those of a record, here or at a
// remote. Letters that waited are discarded. A copy that arrives later is not stored again. What was replayed and is
// still in the outbox is not touched. It returns how many letters it found.
func Erase(tx *gorm.DB, by string, ids ...string) (int64, error) {
	var erased int64
	for _, id := range ids {
		if id == "" {
			continue // occurs everywhere
		}
		result := tx.Exec(`
UPDATE dead_letters SET headers = '{}', body = '', erased = true, settled_at = COALESCE(settled_at, now()),
    settled_by = CASE state WHEN 'waiting' THEN @by ELSE settled_by END,
    settled_for = CASE state WHEN 'waiting' THEN 'erased' ELSE settled_for END,
    state = CASE state WHEN 'waiting' THEN 'discarded' ELSE state END
WHERE NOT erased AND (position(convert_to(@id, 'UTF8') IN body) > 0 OR position(@id IN headers::text) > 0)`,
			map[string]any{"by": clean(by), "id": clean(id)})
		if result.Error != nil {
			return erased, fmt.Errorf("erase dead letters: %w", result.Error)
		}
		erased += result.RowsAffected
	}
	return erased, nil
}
