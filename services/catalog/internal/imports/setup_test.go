package imports_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
	"github.com/datasync-dev/datasync/services/catalog/internal/imports"
)

type bundle struct {
	t  *testing.T
	db *gorm.DB
}

func setup(t *testing.T) *bundle {
	t.Helper()
	return &bundle{t: t, db: postgrestest.Open(t, outbox.Migrations, jobs.Migrations, ledger.Migrations, customers.Migrations, imports.Migrations)}
}

// work runs jobs until stop is called.
func (b *bundle) work(handler jobs.Handler) (stop func()) {
	b.t.Helper()
	runner := jobs.NewRunner(jobs.Options{
		DB: b.db, Log: slog.New(slog.DiscardHandler), Poll: 10 * time.Millisecond, Kinds: map[string]jobs.Handler{imports.Kind: handler},
	})
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan error, 1)
	go func() { done <- runner.Run(ctx) }()
	return func() {
		cancel()
		require.NoError(b.t, <-done)
	}
}

// relay empties the outbox, as the relay does after each commit: an import waits for that.
func (b *bundle) relay() {
	assert.NoError(b.t, b.db.Exec(`DELETE FROM outbox`).Error)
}

func (b *bundle) store(u imports.Upload, content string) (imports.Import, admin.Job, error) {
	b.t.Helper()
	u.Body, u.Author = strings.NewReader(content), customers.Author{Name: "jane", RequestID: "req-1"}
	if u.Format == "" {
		u.Format = imports.CSV
	}
	return imports.Store(b.t.Context(), b.db, u)
}

// run imports a file and returns its finished job.
func (b *bundle) run(u imports.Upload, content string) (imports.Import, admin.Job) {
	b.t.Helper()
	file, job, err := b.store(u, content)
	require.NoError(b.t, err)
	stop := b.work(imports.Handler(b.db, func() {}))
	defer stop()
	return file, b.finished(job.ID)
}

func (b *bundle) finished(id string) (job admin.Job) {
	b.t.Helper()
	require.Eventually(b.t, func() bool {
		var err error
		job, err = jobs.Get(b.t.Context(), b.db, id)
		require.NoError(b.t, err)
		return !job.FinishedAt.IsZero()
	}, 60*time.Second, 10*time.Millisecond)
	return job
}

// done imports a file that has nothing wrong with it as a whole, and returns what became of its rows.
func (b *bundle) done(u imports.Upload, content string) map[string]int64 {
	b.t.Helper()
	_, job := b.run(u, content)
	require.Equal(b.t, jobs.Done, job.State, job.Error)
	require.Equal(b.t, job.Total, job.Done)
	return job.Counts
}

// fields returns one field of every customer, in the order of the values.
func (b *bundle) fields(path string) (values []string) {
	b.t.Helper()
	require.NoError(b.t, b.db.Raw(`SELECT coalesce(fields ->> ?, '') FROM customers ORDER BY 1`, path).Scan(&values).Error)
	return values
}

func (b *bundle) bad(file imports.Import) string {
	b.t.Helper()
	var text strings.Builder
	require.NoError(b.t, imports.WriteBad(b.t.Context(), b.db, file, &text))
	return text.String()
}
