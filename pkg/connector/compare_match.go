package connector

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/record"
)

// Objects and customers are matched by keys: our mark, and then an email address or an id that somebody has put in the
// metadata. A match is one object and one customer that share a key with nobody else, linked or not. Anything else is
// ambiguous, and an operator's to decide.

// matchKey is one thing that an object or a customer can be found by.
type matchKey struct {
	Key    string `json:"key"`
	Remote bool   `json:"remote"`
	ID     string `json:"id"`
	Linked bool   `json:"linked"`
}

// Prefixes of keys. Marks sort first, so that they are settled first.
const (
	keyMark  = "1:"
	keyOther = "2:"
)

// objectKeys are the keys of an object of the listing. f is what was found about it.
func (c *comparison) objectKeys(object Object, f *finding, near neighbours) (keys []matchKey) {
	if c.asked.Adopt == "" {
		return nil
	}
	orphan := f != nil && f.Kind == findOnlyRemote && near.byRemote[object.ID] == nil
	if l := near.byMark[object.LocalID]; orphan && l != nil {
		if !l.alive() {
			return nil // what is left of a customer that was deleted
		}
		mark := keyMark + l.LocalID
		return []matchKey{{mark, true, object.ID, false}, {mark, false, l.LocalID, false}}
	}
	if key := c.key(object.Fields); key != "" {
		keys = append(keys, matchKey{key, true, object.ID, !orphan})
	}
	return keys
}

// key is what a record with these fields can be matched by; "" when there is nothing.
func (c *comparison) key(fields record.Fields) string {
	var value string
	switch c.asked.Adopt {
	case adoptEmail:
		value = strings.ToLower(strings.TrimSpace(fields["email"]))
	case adoptExternalID:
		value = strings.TrimSpace(fields[record.MetadataPrefix+c.asked.ExternalKey])
	}
	if value == "" {
		return ""
	}
	return keyOther + value
}

// customerKeys are the keys of a customer. The id that somebody has put in an object's metadata may be the catalog's own.
func (c *comparison) customerKeys(l *link) (keys []matchKey) {
	linked := l.RemoteID != "" || l.busy()
	if key := c.key(l.Desired.Fields); key != "" {
		keys = append(keys, matchKey{key, false, l.LocalID, linked})
	}
	if c.asked.Adopt == adoptExternalID {
		keys = append(keys, matchKey{keyOther + l.LocalID, false, l.LocalID, linked})
	}
	return keys
}

// index notes the keys of all customers, a window at a time.
func (c *comparison) index(ctx context.Context) error {
	if c.asked.Adopt == adoptMark {
		return c.enterPhase(ctx, phaseMatch, nil)
	}
	for {
		var customers []*link
		err := c.o.DB.WithContext(ctx).Raw(`SELECT `+linkColumns+` FROM links WHERE kind = ? AND local_id > ? ORDER BY local_id LIMIT ?`,
			c.o.Kind, c.after(), window).Scan(&customers).Error
		if err != nil {
			return fmt.Errorf("read links: %w", err)
		}
		if len(customers) == 0 {
			return c.enterPhase(ctx, phaseMatch, nil)
		}
		var keys []matchKey
		for _, l := range customers {
			if l.alive() {
				keys = append(keys, c.customerKeys(l)...)
			}
			c.at.Cursor = l.LocalID
		}
		if err := c.commit(ctx, func(tx *gorm.DB) error { return storeKeys(tx, c.run.ID, keys) }); err != nil {
			return err
		}
	}
}

func storeKeys(tx *gorm.DB, jobID string, keys []matchKey) error {
	if len(keys) == 0 {
		return nil
	}
	encoded, err := json.Marshal(keys)
	if err != nil {
		return fmt.Errorf("encode match keys: %w", err)
	}
	err = tx.Exec(`
INSERT INTO match_keys (job_id, key, remote, id, linked)
SELECT ?, key, remote, id, linked FROM jsonb_to_recordset(?::jsonb) AS k (key text, remote boolean, id text, linked boolean)
ON CONFLICT DO NOTHING`, jobID, string(encoded)).Error
	if err != nil {
		return fmt.Errorf("store match keys: %w", err)
	}
	return nil
}

// group is everybody who shares a key.
type group struct {
	Key       string
	Objects   int64
	Customers int64
	ObjectID  string   // one of those that are not linked
	Free      []string `gorm:"serializer:json"` // customers that are not linked, at most 20
}

// groupSQL are the keys that objects and customers without a counterpart share. A customer that was matched by a key
// before counts as linked.
const groupSQL = `
WITH k AS (
    SELECT key, remote, id, CASE WHEN remote OR linked THEN linked ELSE EXISTS (
        SELECT FROM findings f WHERE f.job_id = @job AND f.record_id = k.id::uuid AND f.kind = 'match') END AS linked
    FROM match_keys k WHERE job_id = @job AND key > @after)
SELECT key, count(*) FILTER (WHERE remote) AS objects, count(*) FILTER (WHERE NOT remote) AS customers,
    min(id) FILTER (WHERE remote AND NOT linked) AS object_id,
    to_jsonb((array_agg(id ORDER BY id) FILTER (WHERE NOT remote AND NOT linked))[1:20]) AS free
FROM k GROUP BY key HAVING bool_or(remote AND NOT linked) AND bool_or(NOT remote AND NOT linked) ORDER BY key LIMIT 100`

// match settles which objects and customers belong together.
func (c *comparison) match(ctx context.Context) error {
	for {
		var groups []group
		err := c.o.DB.WithContext(ctx).Raw(groupSQL, map[string]any{
			"job": c.run.ID, "after": c.at.Cursor,
		}).Scan(&groups).Error
		if err != nil {
			return fmt.Errorf("match: %w", err)
		}
		if len(groups) == 0 {
			return c.enterPhase(ctx, phaseMissing, nil)
		}
		c.at.Cursor = groups[len(groups)-1].Key
		if err := c.commit(ctx, func(tx *gorm.DB) error { return c.settleGroups(tx, groups) }); err != nil {
			return err
		}
	}
}

func (c *comparison) settleGroups(tx *gorm.DB, groups []group) error {
	for _, g := range groups {
		settle := c.settleAmbiguous
		if g.Objects == 1 && g.Customers == 1 {
			settle = c.settleMatch
		}
		changed, err := settle(tx, g)
		if err != nil {
			return fmt.Errorf("store a match: %w", err)
		}
		c.report.OnlyRemote -= changed
		c.run.Counts[findOnlyRemote] -= changed
	}
	return nil
}

// settleMatch turns the finding about an orphan into a match with the one customer, unless a key before has spoken.
func (c *comparison) settleMatch(tx *gorm.DB, g group) (int64, error) {
	result := tx.Exec(`
UPDATE findings f SET kind = ?, record_id = l.local_id, desired_version = l.desired_version, version = l.version, seq = l.seq
FROM links l WHERE f.job_id = ? AND f.remote_id = ? AND f.kind = ? AND l.kind = ? AND l.local_id = ? AND l.remote_id IS NULL
    AND NOT EXISTS (SELECT FROM findings m WHERE m.job_id = f.job_id AND m.record_id = l.local_id AND m.kind = 'match')
    AND NOT EXISTS (SELECT FROM match_keys k WHERE k.job_id = f.job_id AND k.id = l.local_id::text AND k.contested)`,
		findMatch, c.run.ID, g.ObjectID, findOnlyRemote, c.o.Kind, g.Free[0])
	c.run.Counts[findMatch] += result.RowsAffected
	return result.RowsAffected, result.Error
}

// settleAmbiguous turns the findings about all orphans of a key into ambiguous ones.
func (c *comparison) settleAmbiguous(tx *gorm.DB, g group) (int64, error) {
	candidates, err := json.Marshal(g.Free)
	if err != nil {
		return 0, err
	}
	err = tx.Exec(`UPDATE match_keys SET contested = true WHERE job_id = ? AND key = ? AND NOT linked`, c.run.ID, g.Key).Error
	if err != nil {
		return 0, err
	}
	result := tx.Exec(`
UPDATE findings f SET kind = ?, record_id = NULL, candidates = ?::jsonb FROM match_keys k
WHERE k.job_id = ? AND k.key = ? AND k.remote AND f.job_id = k.job_id AND f.remote_id = k.id AND f.kind = ?`,
		findAmbiguous, string(candidates), c.run.ID, g.Key, findOnlyRemote)
	c.report.Ambiguous += result.RowsAffected
	c.run.Counts[findAmbiguous] += result.RowsAffected
	return result.RowsAffected, result.Error
}
