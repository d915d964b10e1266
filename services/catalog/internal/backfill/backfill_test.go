package backfill_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/adminapi"
	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/deadletter"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/services/catalog/internal/backfill"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

const patience = 20 * time.Second

// bundle is a catalog with an operator.
type bundle struct {
	t        *testing.T
	db       *gorm.DB
	operator *admin.Client
}

func setup(t *testing.T) *bundle {
	t.Helper()
	db := postgrestest.Open(t, auth.Migrations, outbox.Migrations, deadletter.Migrations, jobs.Migrations, ledger.Migrations,
		customers.Migrations)
	keys := auth.NewKeys(db, 0)
	server := httptest.NewServer(adminapi.NewHandler(adminapi.Options{
		Service: "catalog", Role: "catalog", DB: db, Keys: keys, Log: slog.New(slog.DiscardHandler),
		Committed: func() {}, JobAdded: func() {},
	}, &auth.Gate{Keys: keys}, backfill.Register))
	t.Cleanup(server.Close)
	key, err := keys.Issue(t.Context(), "operator", []auth.Scope{auth.AdminWrite}, time.Time{})
	require.NoError(t, err)
	return &bundle{t: t, db: db, operator: &admin.Client{URL: server.URL, Key: key}}
}

// born makes customers, whose events are published already.
func (b *bundle) born(n int) (ids []string) {
	b.t.Helper()
	for i := range n {
		edit, err := customers.Decode(fmt.Appendf(nil, `{"name": "Customer %d"}`, i))
		require.NoError(b.t, err)
		require.NoError(b.t, b.db.WithContext(b.t.Context()).Transaction(func(tx *gorm.DB) error {
			c, err := customers.Create(tx, customers.Author{}, edit)
			ids = append(ids, c.ID.String())
			return err
		}))
	}
	b.sent()
	return ids
}

func (b *bundle) sent() (snapshots []event.Snapshot) {
	b.t.Helper()
	var bodies [][]byte
	require.NoError(b.t, b.db.Raw(`WITH gone AS (DELETE FROM outbox RETURNING id, body) SELECT body FROM gone ORDER BY id`).
		Scan(&bodies).Error)
	for _, body := range bodies {
		s, err := event.DecodeSnapshot(body)
		require.NoError(b.t, err)
		snapshots = append(snapshots, s)
	}
	return snapshots
}

// start runs the jobs; committed is called after each page.
func (b *bundle) start(committed func()) (stop func()) {
	b.t.Helper()
	ctx, cancel := context.WithCancel(b.t.Context())
	runner := jobs.NewRunner(jobs.Options{
		DB: b.db, Kinds: map[string]jobs.Handler{backfill.Kind: backfill.Handler(b.db, committed)},
		Poll: 5 * time.Millisecond, Log: slog.New(slog.DiscardHandler),
	})
	var running sync.WaitGroup
	running.Go(func() { _ = runner.Run(ctx) })
	stop = func() { cancel(); running.Wait() }
	b.t.Cleanup(stop)
	return stop
}

// keepFresh lets nothing in the outbox, which no relay empties here, look as if it had waited: a backfill would wait too.
func (b *bundle) keepFresh() {
	assert.NoError(b.t, b.db.Exec(`UPDATE outbox SET created_at = clock_timestamp()`).Error)
}

func (b *bundle) finished(id string) (job admin.Job) {
	b.t.Helper()
	require.Eventually(b.t, func() bool {
		var err error
		job, err = jobs.Get(b.t.Context(), b.db, id)
		require.NoError(b.t, err)
		return !job.FinishedAt.IsZero()
	}, patience, 5*time.Millisecond)
	return job
}

func TestEveryCustomerIsToldOnceInTheBulkLane(t *testing.T) {
	t.Parallel()
	for name, offer := range map[string]bool{"told": false, "offered": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			ids := b.born(230)
			require.NoError(t, b.db.Transaction(func(tx *gorm.DB) error {
				_, err := customers.Delete(tx, customers.Author{}, uuid.MustParse(ids[7]), nil)
				return err
			}))
			b.sent()
			b.start(b.keepFresh)
			job, err := b.operator.Backfill(t.Context(), admin.BackfillRequest{Offer: offer, Rate: 1e6})
			require.NoError(t, err)

			job = b.finished(job.ID)

			require.Equal(t, jobs.Done, job.State, job.Error)
			require.EqualValues(t, 230, job.Done)
			require.Equal(t, "operator", job.CreatedBy)
			var told []string
			for _, s := range b.sent() {
				require.True(t, s.Bulk)
				require.Equal(t, offer, s.Offer)
				require.Equal(t, s.ID == ids[7], s.Deleted)
				told = append(told, s.ID)
			}
			require.ElementsMatch(t, ids, told)
			audit, err := b.operator.Audit(t.Context(), admin.Page{})
			require.NoError(t, err)
			require.Equal(t, "backfill", audit.Data[0].Action)
		})
	}
}

func TestABackfillThatIsTakenOverTellsNobodyTwice(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := b.born(330)
	stop := b.start(b.keepFresh)
	job, err := b.operator.Backfill(t.Context(), admin.BackfillRequest{Rate: 1000})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		now, err := jobs.Get(t.Context(), b.db, job.ID)
		require.NoError(t, err)
		return now.Done > 0
	}, patience, time.Millisecond)
	stop()
	b.start(b.keepFresh)
	b.finished(job.ID)
	require.Len(t, b.sent(), len(ids))
}

func TestABackfillWaitsUntilTheOutboxHasRoom(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ids := b.born(330)
	require.NoError(t, b.db.Transaction(func(tx *gorm.DB) error { // a live event that nobody publishes
		_, err := customers.Delete(tx, customers.Author{}, uuid.MustParse(ids[0]), nil)
		return err
	}))
	require.NoError(t, b.db.Exec(`UPDATE outbox SET created_at = now() - interval '1 hour'`).Error)
	b.start(func() {})
	job, err := b.operator.Backfill(t.Context(), admin.BackfillRequest{Rate: 1e300})
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		now, err := jobs.Get(t.Context(), b.db, job.ID)
		require.NoError(t, err)
		return now.Done > 0
	}, patience, time.Millisecond)
	require.Len(t, b.sent(), 1+100, "one page, until there is room")
	b.finished(job.ID)
	require.Len(t, b.sent(), 230)
}

func TestOneBackfillAtATimeByOperatorsOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, err := b.operator.Backfill(t.Context(), admin.BackfillRequest{})
	require.NoError(t, err)
	_, err = b.operator.Backfill(t.Context(), admin.BackfillRequest{})
	var refused *admin.RequestError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, http.StatusConflict, refused.Status)
	key, err := auth.NewKeys(b.db, 0).Issue(t.Context(), "viewer", []auth.Scope{auth.AdminRead}, time.Time{})
	require.NoError(t, err)
	viewer := &admin.Client{URL: b.operator.URL, Key: key}
	_, err = viewer.Backfill(t.Context(), admin.BackfillRequest{})
	require.ErrorAs(t, err, &refused)
	require.Equal(t, http.StatusForbidden, refused.Status)
}
