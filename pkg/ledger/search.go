package ledger

import (
	"regexp"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// The ways in which a key can lead to lines, each with an index of its own. @and stands for the other conditions.
const (
	byID     = `(SELECT id FROM changes WHERE id = ? @and)`
	byRecord = `(SELECT id FROM changes WHERE record_id = ? @and ORDER BY id DESC LIMIT @limit)`
	byRemote = `(SELECT id FROM changes WHERE remote_id = ? AND remote_id <> '' @and ORDER BY id DESC LIMIT @limit)`
	// OFFSET 0 keeps the planner from reading all changes in their order, looking for the key in each.
	byEvent   = `(SELECT id FROM (SELECT * FROM changes WHERE event_id = ? AND event_id <> '' OFFSET 0) AS c WHERE true @and ORDER BY id DESC LIMIT @limit)`
	byRequest = `(SELECT id FROM (SELECT * FROM changes WHERE request_id = ? AND request_id <> '' OFFSET 0) AS c WHERE true @and ORDER BY id DESC LIMIT @limit)`
	byTrace   = `(SELECT id FROM (SELECT * FROM changes WHERE trace_id = ? AND trace_id <> '' OFFSET 0) AS c WHERE true @and ORDER BY id DESC LIMIT @limit)`
	byCall    = `(SELECT id FROM changes WHERE id = ANY (ARRAY(SELECT change_id FROM attempts WHERE request_id = ? AND request_id <> '' LIMIT 100)) @and)`
)

// traceID is what W3C Trace Context calls a trace-id.
var traceID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// waysOf leaves out what a key cannot be: over many partitions it is the planning that takes the time.
func waysOf(key string) []string {
	if traceID.MatchString(key) {
		return []string{byTrace, byRequest}
	}
	if uuid.Validate(key) == nil {
		return []string{byID, byRecord, byEvent, byRequest}
	}
	return []string{byRemote, byEvent, byRequest, byCall}
}

// search narrows a query to the newest lines that a key leads to and that meet the conditions.
func (c conditions) search(query *gorm.DB, key string, limit int) *gorm.DB {
	key = storable(key)
	var parts []string
	var args []any
	for _, way := range waysOf(key) {
		parts = append(parts, strings.NewReplacer("@and", c.sql, "@limit", "?").Replace(way))
		args = append(append(args, key), c.args...)
		if strings.Contains(way, "@limit") {
			args = append(args, limit)
		}
	}
	found := strings.Join(parts, " UNION ALL ")
	return query.Where("id = ANY (ARRAY(SELECT id FROM ("+found+") AS found ORDER BY id DESC LIMIT ?))", append(args, limit)...)
}
