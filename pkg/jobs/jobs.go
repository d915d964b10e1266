// Package jobs runs long work that an operator asked for. A job is a row: it survives restarts, one replica at a time
// works on it, and when that dies another one goes on from where the row says.
package jobs

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/postgres"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations make the table of jobs.
var Migrations = postgres.Embedded("jobs", files)

// The states of a job.
const (
	Queued    = "queued"
	Running   = "running"
	Done      = "done"
	Failed    = "failed"
	Cancelled = "cancelled"
)

// Errors of this package's functions.
var (
	ErrNotFound = errors.New("no such job")
	ErrBusy     = errors.New("a job of this kind is not finished yet") // of Create, for a job that wants to be alone
)

// New is a job to be done.
type New struct {
	Kind  string
	By    string // name of the API key of whoever asked for it
	Args  any    // encoded as JSON; the handler gets it back
	Total int64  // an estimate of how much there is to do; 0: unknown
	Alone bool   // refuse it while another job of its kind is unfinished
}

// Create stores a job inside the caller's transaction: it begins if and when that commits. Wake the Runner then.
func Create(tx *gorm.DB, n New) (admin.Job, error) {
	args, err := json.Marshal(n.Args)
	if err != nil {
		return admin.Job{}, fmt.Errorf("create job: %w", err)
	}
	var rows []row
	err = tx.Raw(`
INSERT INTO jobs (id, kind, args, created_by, total, alone) VALUES (?, ?, ?::jsonb, ?, ?, ?)
ON CONFLICT (kind) WHERE alone AND due_at IS NOT NULL DO NOTHING RETURNING *`,
		uuid.Must(uuid.NewV7()), n.Kind, string(args), n.By, n.Total, n.Alone).Scan(&rows).Error
	if err != nil {
		return admin.Job{}, fmt.Errorf("create job: %w", err)
	}
	if len(rows) == 0 {
		return admin.Job{}, ErrBusy
	}
	return rows[0].job()
}

// Get returns a job, or ErrNotFound.
func Get(ctx context.Context, db *gorm.DB, id string) (admin.Job, error) {
	r, err := get(db.WithContext(ctx), `SELECT * FROM jobs WHERE id = ?`, id)
	if err != nil {
		return admin.Job{}, err
	}
	return r.job()
}

// Args reads what was asked of a job into into. ErrNotFound when there is no such job of this kind.
func Args(ctx context.Context, db *gorm.DB, kind, id string, into any) error {
	r, err := get(db.WithContext(ctx), `SELECT * FROM jobs WHERE id = ?`, id)
	if err != nil {
		return err
	}
	if r.Kind != kind {
		return ErrNotFound
	}
	return json.Unmarshal(r.Args, into)
}

// List returns a page of jobs, newest first; cursor is the NextCursor of the page before.
func List(ctx context.Context, db *gorm.DB, p admin.Page) (admin.List[admin.Job], error) {
	page := admin.List[admin.Job]{Object: "list", Data: []admin.Job{}}
	limit := p.Limit
	if limit == 0 {
		limit = 50
	}
	query := db.WithContext(ctx).Table("jobs").Order("id DESC").Limit(limit + 1)
	if p.Cursor != "" {
		if _, err := uuid.Parse(p.Cursor); err != nil {
			return page, fmt.Errorf("%w: the cursor is none of a list of jobs", ErrNotFound)
		}
		query = query.Where("id < ?", p.Cursor)
	}
	var rows []row
	if err := query.Scan(&rows).Error; err != nil {
		return page, fmt.Errorf("list jobs: %w", err)
	}
	page.HasMore = len(rows) > limit
	for _, r := range rows[:min(limit, len(rows))] {
		job, err := r.job()
		if err != nil {
			return page, err
		}
		page.Data = append(page.Data, job)
		if page.HasMore {
			page.NextCursor = job.ID
		}
	}
	return page, nil
}

// cancelSQL ends at once what nobody has begun. Whoever holds the job, or takes it up, ends it otherwise.
const cancelSQL = `
UPDATE jobs SET cancelling = due_at IS NOT NULL,
    state = CASE WHEN state = 'queued' AND started_at IS NULL THEN 'cancelled' ELSE state END,
    finished_at = CASE WHEN state = 'queued' AND started_at IS NULL THEN now() ELSE finished_at END,
    due_at = CASE WHEN state = 'queued' AND started_at IS NULL THEN NULL WHEN state = 'queued' THEN now() ELSE due_at END
WHERE id = ? RETURNING *`

// Cancel asks a job to end; what it did stays done. The job may still be running when Cancel returns. A finished one
// stays as it is.
func Cancel(ctx context.Context, db *gorm.DB, id string) (admin.Job, error) {
	r, err := get(db.WithContext(ctx), cancelSQL, id)
	if err != nil {
		return admin.Job{}, err
	}
	return r.job()
}

func get(db *gorm.DB, query, id string) (row, error) {
	if _, err := uuid.Parse(id); err != nil {
		return row{}, ErrNotFound
	}
	var rows []row
	if err := db.Raw(query, id).Scan(&rows).Error; err != nil {
		return row{}, fmt.Errorf("job %s: %w", id, err)
	}
	if len(rows) == 0 {
		return row{}, ErrNotFound
	}
	return rows[0], nil
}

// row is a job in the table.
type row struct {
	ID         string
	Kind       string
	State      string
	Args       json.RawMessage
	Cursor     json.RawMessage
	Report     json.RawMessage
	Done       int64
	Total      int64
	Counts     map[string]int64 `gorm:"serializer:json"`
	Error      string
	Cancelling bool
	CreatedAt  time.Time
	CreatedBy  string
	StartedAt  *time.Time
	FinishedAt *time.Time
	Token      int64
	Takes      int
}

// kindReconcile is the kind whose report has a place of its own in a Job.
const kindReconcile = "reconcile"

func (r row) job() (admin.Job, error) {
	job := admin.Job{
		ID: r.ID, Kind: r.Kind, State: r.State, Done: r.Done, Total: r.Total, Counts: r.Counts, Error: r.Error,
		CreatedAt: r.CreatedAt.UTC(), CreatedBy: r.CreatedBy, StartedAt: at(r.StartedAt), FinishedAt: at(r.FinishedAt),
	}
	if r.Kind == kindReconcile && len(r.Report) > 0 {
		job.Reconcile = &admin.Reconcile{}
		if err := json.Unmarshal(r.Report, job.Reconcile); err != nil {
			return job, fmt.Errorf("the report of job %s is unreadable: %w", r.ID, err)
		}
	}
	return job, nil
}

func at(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
