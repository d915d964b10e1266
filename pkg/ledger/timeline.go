package ledger

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// Get returns one line with its attempts, or ErrNotFound.
func Get(ctx context.Context, db *gorm.DB, id string) (admin.Change, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return admin.Change{}, ErrNotFound
	}
	var lines []line
	if err := db.WithContext(ctx).Raw("SELECT "+lineColumns+" FROM changes WHERE id = ?", parsed).Scan(&lines).Error; err != nil {
		return admin.Change{}, fmt.Errorf("read change %s: %w", parsed, err)
	}
	if len(lines) == 0 {
		return admin.Change{}, ErrNotFound
	}
	change, err := lines[0].change()
	if err != nil {
		return change, err
	}
	changes := []admin.Change{change}
	err = addAttempts(ctx, db, changes, all)
	return changes[0], err
}

// Timeline returns a page of the changes of one record, newest first, with their attempts.
func Timeline(ctx context.Context, db *gorm.DB, recordID string, p admin.Page) (admin.List[admin.Change], error) {
	page, err := list(ctx, db, admin.ChangeFilter{Page: p, RecordID: recordID})
	if err != nil {
		return page, err
	}
	return page, addAttempts(ctx, db, page.Data, all)
}

func all(admin.Change) bool { return true }

// maxAttempts bounds what is shown of a change that is retried for days: the last ones.
const maxAttempts = 500

// before is how much earlier than its change an attempt can have begun: the line may be written when the call is over.
const before = time.Hour

// addAttempts adds to each change that is wanted its attempts, the first one first.
func addAttempts(ctx context.Context, db *gorm.DB, changes []admin.Change, wanted func(admin.Change) bool) error {
	places, earliest := map[uuid.UUID]int{}, time.Now()
	for i, c := range changes {
		if !wanted(c) {
			continue
		}
		places[uuid.MustParse(c.ID)] = i
		if c.At.Before(earliest) {
			earliest = c.At
		}
	}
	if len(places) == 0 {
		return nil
	}
	var rows []attempt
	// OFFSET 0 keeps the planner from reading all attempts in their order, looking for the change of each.
	err := db.WithContext(ctx).Raw(`
		SELECT * FROM (
			SELECT id, change_id, record_id, number, op, worker, started_at, duration_ms, status, request_id, class, field, error
			FROM attempts WHERE change_id IN ? AND id >= ? OFFSET 0) AS a
		ORDER BY id DESC LIMIT ?`,
		slices.Collect(maps.Keys(places)), floor(earliest.Add(-before)), maxAttempts).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("read attempts: %w", err)
	}
	for _, row := range slices.Backward(rows) {
		change := &changes[places[row.ChangeID]]
		change.Attempts = append(change.Attempts, row.shown())
	}
	return nil
}

// attempt is a row of attempts.
type attempt struct {
	ID         uuid.UUID
	ChangeID   uuid.UUID
	RecordID   string
	Number     int
	Op         string
	Worker     string
	StartedAt  time.Time
	DurationMS float64
	Status     int
	RequestID  string
	Class      string
	Field      string
	Error      string
}

func (a attempt) shown() admin.Attempt {
	return admin.Attempt{
		ID: a.ID.String(), ChangeID: a.ChangeID.String(), RecordID: a.RecordID, Number: a.Number, Op: a.Op, Worker: a.Worker,
		StartedAt: a.StartedAt.UTC(), DurationMS: a.DurationMS, Status: a.Status, RequestID: a.RequestID,
		Class: a.Class, Field: a.Field, Error: a.Error,
	}
}
