package connector

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

// upsertSQL keeps the newest snapshot of each record. A link that is backing off or held by a worker keeps its due
// time; the worker notices the newer version when it writes back.
const upsertSQL = `
INSERT INTO links (kind, local_id, desired, desired_version, due_at)
SELECT e.kind, e.id, e.body, e.version, now()
FROM jsonb_to_recordset(?::jsonb) AS e(kind text, id uuid, version bigint, body jsonb) ORDER BY e.id
ON CONFLICT (kind, local_id) DO UPDATE SET desired = EXCLUDED.desired, desired_version = EXCLUDED.desired_version,
    due_at = COALESCE(links.due_at, EXCLUDED.due_at)
WHERE links.desired_version < EXCLUDED.desired_version`

// HandleEvents is the rabbitmq.Handler of the connector's event queue: it writes what the catalog wants to the rows, in
// one statement for the whole batch. Events that cannot be decoded go to the dead-letter queue.
func (e *Engine) HandleEvents(ctx context.Context, batch []*rabbitmq.Delivery) error {
	type row struct {
		Kind    string         `json:"kind"`
		ID      string         `json:"id"`
		Version int64          `json:"version"`
		Body    event.Snapshot `json:"body"`
	}
	newest := make(map[string]row, len(batch))
	for _, delivery := range batch {
		snapshot, err := event.DecodeSnapshot(delivery.Body)
		if err != nil {
			delivery.Dead(err.Error())
			continue
		}
		if snapshot.Kind == e.o.Kind && snapshot.Version > newest[snapshot.ID].Version {
			newest[snapshot.ID] = row{snapshot.Kind, snapshot.ID, snapshot.Version, snapshot}
		}
	}
	if len(newest) == 0 {
		return nil
	}
	rows := make([]row, 0, len(newest))
	for _, r := range newest {
		rows = append(rows, r)
	}
	body, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode events: %w", err)
	}
	if err := e.o.DB.WithContext(ctx).Exec(upsertSQL, string(body)).Error; err != nil {
		return fmt.Errorf("store events: %w", err)
	}
	e.Wake()
	return nil
}

// outcome says in the inbox what a notice came to.
type outcome string

const (
	outcomeCheck   outcome = "check"   // the record will be compared with the remote
	outcomeEcho    outcome = "echo"    // caused by a call of our own, whose reply tells the same
	outcomeIgnored outcome = "ignored" // about nothing that is synced
	// outcomeOverwrote is for a call of our own which replaced a value that nobody had seen.
	outcomeOverwrote outcome = "overwrote"
)

// Notify takes in a notice from a webhook or a feed, in one transaction. Nil means stored; a notice that was stored
// before changes nothing. Any error means that it is not stored and has to be sent again.
func (e *Engine) Notify(ctx context.Context, n Notice) error {
	var result outcome
	err := e.o.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		fresh, err := remember(tx, n)
		if err != nil || !fresh {
			return err
		}
		var reason string
		if result, reason, err = e.raise(tx, n); err != nil {
			return err
		}
		if result == outcomeCheck {
			return nil
		}
		return tx.Exec(`UPDATE inbox SET outcome = ?, reason = ? WHERE event_id = ?`, result, reason, n.EventID).Error
	})
	if err != nil {
		return fmt.Errorf("store notice %s: %w", n.EventID, err)
	}
	if result == "" {
		result = "duplicate"
	}
	e.metrics.notices.WithLabelValues(string(result)).Inc()
	e.Wake()
	return nil
}

// remember stores the notice's id. False: it is there already.
func remember(tx *gorm.DB, n Notice) (fresh bool, err error) {
	result := tx.Exec(`INSERT INTO inbox (event_id, type, remote_id, outcome) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		n.EventID, n.Type, n.RemoteID, outcomeCheck)
	return result.RowsAffected == 1, result.Error
}

// raise raises the check of the link that the notice is about, making a link for an object nobody has seen before.
func (e *Engine) raise(tx *gorm.DB, n Notice) (outcome, string, error) {
	if n.Ignore != "" || n.RemoteID == "" {
		return outcomeIgnored, n.Ignore, nil
	}
	l, err := e.findLink(tx, n)
	switch {
	case err != nil:
		return "", "", err
	case l == nil && n.Gone:
		return outcomeIgnored, "deleted before it was ever synced", nil
	case l == nil:
		return outcomeCheck, "", e.adopt(tx, n.RemoteID)
	}
	if lost := e.overwrote(l, n); len(lost) > 0 {
		return outcomeOverwrote, "", e.raiseOverwritten(tx, l.LocalID, lost)
	}
	if e.isEcho(l, n) {
		return outcomeEcho, "", nil
	}
	return outcomeCheck, "", e.raiseCheck(tx, l.LocalID)
}

// findLink finds a link by the remote's id, else by our mark, which also finds one whose create crashed before the id
// was written. A mark for a record that we do not have was made by another installation and is not ours: nil.
func (e *Engine) findLink(tx *gorm.DB, n Notice) (*link, error) {
	var marked *string
	if _, err := uuid.Parse(n.LocalID); err == nil {
		marked = &n.LocalID
	}
	var found []*link
	err := tx.Raw(`
SELECT local_id, remote_id, intent, last_key, pushes, doubt, shadow, version
FROM links WHERE kind = ? AND (remote_id = ? OR local_id = ?) ORDER BY remote_id = ? DESC NULLS LAST LIMIT 1`,
		e.o.Kind, n.RemoteID, marked, n.RemoteID).Scan(&found).Error
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// ours reports whether a call of this connector caused the notice.
func (e *Engine) ours(n Notice) bool { return strings.HasPrefix(n.Key, KeyPrefix(e.o.Name)) }

// overwrote returns what the update that caused the notice overwrote unseen.
func (e *Engine) overwrote(l *link, n Notice) []overwrite {
	if !e.ours(n) || n.Before == nil {
		return nil
	}
	p, ok := l.pushOf(n.Key)
	if !ok {
		return nil
	}
	return slices.DeleteFunc(p.overwrote(n.Before, time.Now()), func(o overwrite) bool {
		return l.Doubt != nil && l.Doubt.Patch[o.Field] == o.Value // a write of our own that landed late
	})
}

// isEcho reports whether the notice tells only what a call of ours did, whose answer tells the same: the call under way,
// one that was answered, or one that left the object as we know it.
func (e *Engine) isEcho(l *link, n Notice) bool {
	if !e.ours(n) || n.Gone {
		return false
	}
	_, pushed := l.pushOf(n.Key)
	underWay := l.Intent != nil && l.Intent.Key == n.Key
	return pushed || underWay || l.LastKey == n.Key || (n.Fields != nil && l.Shadow != nil && n.Fields.Equal(l.Shadow))
}

// raiseOverwritten hands values that were overwritten to the worker.
func (e *Engine) raiseOverwritten(tx *gorm.DB, localID string, lost []overwrite) error {
	values, err := json.Marshal(lost)
	if err != nil {
		return fmt.Errorf("encode overwritten values: %w", err)
	}
	return tx.Exec(`
UPDATE links SET overwritten = COALESCE(overwritten, '[]'::jsonb) || ?::jsonb, checks = checks + 1, due_at = COALESCE(due_at, now())
WHERE kind = ? AND local_id = ?`, string(values), e.o.Kind, localID).Error
}

func (e *Engine) raiseCheck(tx *gorm.DB, localID string) error {
	return tx.Exec(`UPDATE links SET checks = checks + 1, due_at = COALESCE(due_at, now()) WHERE kind = ? AND local_id = ?`,
		e.o.Kind, localID).Error
}

// adopt makes the link of an object that was made at the remote. Its local id follows from the remote's id, so that
// doing it twice, or on two replicas at once, gives the same record.
func (e *Engine) adopt(tx *gorm.DB, remoteID string) error {
	return tx.Exec(`
INSERT INTO links (kind, local_id, remote_id, generation, checks, due_at) VALUES (?, ?, ?, 1, 1, now())
ON CONFLICT (kind, local_id) DO UPDATE SET checks = links.checks + 1, due_at = COALESCE(links.due_at, now())`,
		e.o.Kind, AdoptedID(e.o.Name, remoteID), remoteID).Error
}

// AdoptedID is the local id of a record that was made at the remote: a UUIDv5 of the connector's name and the
// remote's id.
func AdoptedID(name, remoteID string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("datasync:"+name+":"+remoteID)).String()
}
