package connector

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/event"
)

// fingerprint is the same for all records that fail for the same reason; "" for one that does not fail.
func fingerprint(e *event.SyncError) string {
	if e == nil {
		return ""
	}
	sum := sha256.Sum256([]byte(e.Class + "\x00" + e.Field + "\x00" + e.Reason))
	return hex.EncodeToString(sum[:8])
}

const (
	maxGroups = 100    // that are shown
	maxCount  = 10_000 // up to which records are counted
)

// groupsSQL skips from fingerprint to fingerprint through the index, so that it reads at most maxCount rows of each
// group, however many there are.
const groupsSQL = `
WITH RECURSIVE prints AS (
    (SELECT fingerprint FROM links WHERE kind = @kind AND fingerprint IS NOT NULL ORDER BY fingerprint LIMIT 1)
    UNION ALL
    SELECT (SELECT l.fingerprint FROM links l WHERE l.kind = @kind AND l.fingerprint > p.fingerprint ORDER BY l.fingerprint LIMIT 1)
    FROM prints p WHERE p.fingerprint IS NOT NULL
), groups AS (SELECT fingerprint FROM prints WHERE fingerprint IS NOT NULL LIMIT @groups)
SELECT g.fingerprint, m.error, m.count, m.first_seen, m.last_seen, m.sample
FROM groups g CROSS JOIN LATERAL (
    SELECT (array_agg(s.error))[1] AS error, count(*) AS count, min(s.failing_since) AS first_seen, max(s.updated_at) AS last_seen,
        to_jsonb((array_agg(s.local_id ORDER BY s.updated_at DESC))[1:5]) AS sample
    FROM (SELECT error, failing_since, updated_at, local_id FROM links
        WHERE kind = @kind AND fingerprint = g.fingerprint LIMIT @count) s
) m
ORDER BY m.count DESC, m.last_seen DESC`

// Failures returns what fails, grouped by reason, the largest group first. Groups are counted up to 10,000 records.
func (e *Engine) Failures(ctx context.Context) ([]admin.FailureGroup, error) {
	var rows []struct {
		Fingerprint string
		Error       string
		Count       int64
		FirstSeen   time.Time
		LastSeen    time.Time
		Sample      string
	}
	err := e.o.DB.WithContext(ctx).Raw(groupsSQL, map[string]any{
		"kind": e.o.Kind, "groups": maxGroups, "count": maxCount,
	}).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("group failures: %w", err)
	}
	groups := make([]admin.FailureGroup, 0, len(rows))
	for _, row := range rows {
		var failure event.SyncError
		group := admin.FailureGroup{
			Fingerprint: row.Fingerprint, Count: row.Count, FirstSeen: row.FirstSeen.UTC(), LastSeen: row.LastSeen.UTC(),
		}
		if err := json.Unmarshal([]byte(row.Error), &failure); err != nil {
			return nil, fmt.Errorf("group failures: %w", err)
		}
		if err := json.Unmarshal([]byte(row.Sample), &group.Sample); err != nil {
			return nil, fmt.Errorf("group failures: %w", err)
		}
		group.Class, group.Field, group.Reason = failure.Class, failure.Field, failure.Reason
		group.Fix = fix(Class(failure.Class), failure.Field)
		groups = append(groups, group)
	}
	return groups, nil
}

// fix is what a person can do about a failure.
func fix(class Class, field string) string {
	switch class {
	case Permanent:
		if field != "" {
			return fmt.Sprintf("Correct %s in the catalog: the new version is tried at once. Or let the remote accept it, and retry.", field)
		}
		return "Do what the reason says, then retry; a new version of the record is tried at once."
	case Operator:
		return "Do what the reason says: everything is kept, and goes on by itself."
	case Throttled:
		return "Nothing: it is tried again when the remote allows it. If it stays, lower the rate or the number of workers."
	case Transient:
	}
	return "Nothing, if the remote is down: it is tried again by itself. If only these records fail, look at one of them."
}
