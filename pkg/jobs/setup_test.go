package jobs_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
)

const (
	kind     = "reconcile"
	patience = 20 * time.Second
)

// request is what the jobs of these tests are asked.
type request struct {
	Parts int `json:"parts"`
}

func open(t *testing.T) *gorm.DB {
	t.Helper()
	return postgrestest.Open(t, jobs.Migrations)
}

func create(t *testing.T, db *gorm.DB, n jobs.New) admin.Job {
	t.Helper()
	n.Kind, n.By = kind, "operator"
	if n.Args == nil {
		n.Args = request{Parts: 5}
	}
	job, err := jobs.Create(db.WithContext(t.Context()), n)
	require.NoError(t, err)
	return job
}

// start runs a runner until the test ends or stop is called, which waits for it.
func start(t *testing.T, db *gorm.DB, handler jobs.Handler, options ...func(*jobs.Options)) (stop func()) {
	t.Helper()
	o := jobs.Options{
		DB: db, Kinds: map[string]jobs.Handler{kind: handler}, Poll: 10 * time.Millisecond, Log: slog.New(slog.DiscardHandler),
	}
	for _, option := range options {
		option(&o)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = jobs.NewRunner(o).Run(ctx) })
	stop = func() { cancel(); running.Wait() }
	t.Cleanup(stop)
	return stop
}

// eventually waits until the job is in a state.
func eventually(t *testing.T, db *gorm.DB, id, state string) (job admin.Job) {
	t.Helper()
	require.Eventually(t, func() bool {
		var err error
		job, err = jobs.Get(t.Context(), db, id)
		return err == nil && job.State == state
	}, patience, 5*time.Millisecond, "state %s", state)
	return job
}

// count does the request's parts one after another, and reports each with a line in the table parts: made twice it
// breaks the primary key.
func count(before func(ctx context.Context, part int)) jobs.Handler {
	return func(ctx context.Context, run *jobs.Run) error {
		var asked request
		var from int
		report := admin.Reconcile{}
		if err := run.Args(&asked); err != nil {
			return err
		}
		if err := run.Resume(&from, &report); err != nil {
			return err
		}
		run.Report = &report
		for part := from; part < asked.Parts; part++ {
			before(ctx, part)
			run.Done++
			run.Counts["part"]++
			report.Pages++
			err := run.Commit(ctx, part+1, func(tx *gorm.DB) error {
				return tx.Exec(`INSERT INTO parts (job, part) VALUES (?, ?)`, run.ID, part).Error
			})
			if err != nil {
				return err
			}
		}
		return nil
	}
}

func withParts(t *testing.T) *gorm.DB {
	t.Helper()
	db := open(t)
	require.NoError(t, db.Exec(`CREATE TABLE parts (job uuid, part int, PRIMARY KEY (job, part))`).Error)
	return db
}

func parts(t *testing.T, db *gorm.DB, id string) (n int) {
	t.Helper()
	require.NoError(t, db.Raw(`SELECT count(*) FROM parts WHERE job = ?`, id).Scan(&n).Error)
	return n
}
