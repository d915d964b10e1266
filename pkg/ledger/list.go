package ledger

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
)

const (
	defaultLimit = 50
	maxLimit     = 200
)

// line is a row of changes.
type line struct {
	ID        uuid.UUID
	At        time.Time
	Direction string
	Kind      string
	RecordID  string
	RemoteID  string
	Origin    string
	Op        string
	Version   int64
	State     string
	Skip      string
	Fields    []byte
	EventID   string
	RequestID string
	TraceID   string
	LatencyMS float64
}

const lineColumns = `id, at, direction, kind, record_id, remote_id, origin, op, version, state, skip, fields, event_id, request_id, trace_id, latency_ms`

func (l line) change() (admin.Change, error) {
	c := admin.Change{
		ID: l.ID.String(), At: l.At.UTC(), Direction: l.Direction, Kind: l.Kind, RecordID: l.RecordID, RemoteID: l.RemoteID,
		Origin: l.Origin, Op: l.Op, Version: l.Version, State: l.State, Skip: l.Skip,
		EventID: l.EventID, RequestID: l.RequestID, TraceID: l.TraceID, LatencyMS: l.LatencyMS,
	}
	if len(l.Fields) > 0 {
		if err := json.Unmarshal(l.Fields, &c.Fields); err != nil {
			return c, fmt.Errorf("fields of change %s: %w", l.ID, err)
		}
	}
	return c, nil
}

// List returns a page of changes, newest first; those that failed carry their attempts, which say why. The caller fills
// in Service. ErrCursor: the cursor is not from this list.
func List(ctx context.Context, db *gorm.DB, f admin.ChangeFilter) (admin.List[admin.Change], error) {
	page, err := list(ctx, db, f)
	if err != nil {
		return page, err
	}
	return page, addAttempts(ctx, db, page.Data, func(c admin.Change) bool {
		return c.State == admin.StateFailed || c.State == admin.StateRetrying
	})
}

func list(ctx context.Context, db *gorm.DB, f admin.ChangeFilter) (admin.List[admin.Change], error) {
	conditions, err := narrow(f)
	if err != nil {
		return admin.List[admin.Change]{}, err
	}
	limit := limitOf(f.Page)
	query := db.WithContext(ctx).Table("changes").Select(lineColumns)
	if f.Search != "" {
		query = conditions.search(query, f.Search, limit+1)
	} else if conditions.sql != "" {
		query = query.Where(conditions.sql[len(" AND "):], conditions.args...)
	}
	var lines []line
	if err := query.Order("id DESC").Limit(limit + 1).Scan(&lines).Error; err != nil {
		return admin.List[admin.Change]{}, fmt.Errorf("list changes: %w", err)
	}
	return pageOf(lines, limit, line.change, func(l line) uuid.UUID { return l.ID })
}

// conditions are SQL that begins with AND, with its arguments; empty for none.
type conditions struct {
	sql  string
	args []any
}

func (c *conditions) and(sql string, args ...any) {
	c.sql += " AND " + sql
	c.args = append(c.args, args...)
}

// narrow returns the conditions of a filter but for Search.
func narrow(f admin.ChangeFilter) (c conditions, err error) {
	if f.Cursor != "" {
		last, err := parseCursor(f.Cursor)
		if err != nil {
			return c, err
		}
		c.and("id < ?", last)
	}
	if f.RecordID != "" {
		c.and("record_id = ?", f.RecordID)
	}
	c.andOneOf("direction", f.Direction, directions())
	c.andOneOf("state", f.State, states())
	if !f.Since.IsZero() {
		c.and("id >= ? AND at >= ?", floor(f.Since), f.Since)
	}
	if !f.Until.IsZero() {
		c.and("id < ? AND at < ?", floor(f.Until.Add(time.Millisecond)), f.Until)
	}
	return c, nil
}

// andOneOf compares with a value that stands in the statement itself: only so can the planner use the index of the rare
// states, and know which values are rare.
func (c *conditions) andOneOf(column, value string, known []string) {
	switch {
	case value == "":
	case slices.Contains(known, value):
		c.and(column + " = '" + value + "'")
	default:
		c.and("false")
	}
}

func directions() []string { return []string{admin.Local, admin.Outbound, admin.Inbound} }

func states() []string {
	return []string{
		admin.StateAccepted, admin.StateSent, admin.StateApplied, admin.StateSkipped,
		admin.StateRetrying, admin.StateFailed, admin.StateDiscarded,
	}
}

func limitOf(p admin.Page) int {
	if p.Limit <= 0 {
		return defaultLimit
	}
	return min(p.Limit, maxLimit)
}

func parseCursor(cursor string) (uuid.UUID, error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return uuid.Nil, ErrCursor
	}
	id, err := uuid.FromBytes(raw)
	if err != nil {
		return uuid.Nil, ErrCursor
	}
	return id, nil
}

// pageOf makes a page of rows, of which there is one more than limit if the list goes on.
func pageOf[R, T any](rows []R, limit int, convert func(R) (T, error), id func(R) uuid.UUID) (admin.List[T], error) {
	page := admin.List[T]{Object: "list", Data: []T{}, HasMore: len(rows) > limit}
	rows = rows[:min(limit, len(rows))]
	for _, row := range rows {
		item, err := convert(row)
		if err != nil {
			return page, err
		}
		page.Data = append(page.Data, item)
	}
	if page.HasMore {
		last := id(rows[len(rows)-1])
		page.NextCursor = base64.RawURLEncoding.EncodeToString(last[:])
	}
	return page, nil
}
