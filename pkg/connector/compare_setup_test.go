package connector_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/pkg/record"
)

// listSpy lets a test do something before a page of the listing is read, and counts calls.
type listSpy struct {
	*connectortest.Memory
	hooks  sync.Mutex // held by before, by after, and while the workers of a test turn
	mu     sync.Mutex
	pages  int
	gets   int
	rate   float64
	hidden string // an object that the listing does not show
	before func(page int) error
	after  func(page int)
}

func (s *listSpy) List(ctx context.Context, cursor string) (connector.Page, error) {
	s.hooks.Lock()
	defer s.hooks.Unlock()
	s.pages++
	if s.before != nil {
		if err := s.before(s.pages); err != nil {
			return connector.Page{}, err
		}
	}
	page, err := s.Memory.List(ctx, cursor)
	page.Objects = slices.DeleteFunc(page.Objects, func(o connector.Object) bool { return o.ID == s.hidden })
	if s.after != nil {
		s.after(s.pages)
	}
	return page, err
}

// SetRate implements connector.Limited.
func (s *listSpy) SetRate(float64) {}

// Rate implements connector.Limited.
func (s *listSpy) Rate() float64 { return s.rate }

func (s *listSpy) Get(ctx context.Context, id string) (connector.Object, error) {
	s.mu.Lock()
	s.gets++
	s.mu.Unlock()
	return s.Memory.Get(ctx, id)
}

// comparing is a bundle whose engine can compare.
type comparing struct {
	*bundle
	spy    *listSpy
	cancel func() // begins the stop of what start has started
}

func setupCompare(t *testing.T, options ...func(*connector.Options)) *comparing {
	t.Helper()
	b := &bundle{t: t, remote: connectortest.NewMemory("cus")}
	b.db = postgrestest.Open(t, connector.Migrations, outbox.Migrations, jobs.Migrations)
	b.remote.Moved = func(n connector.Notice) { b.notices = append(b.notices, n) }
	c := &comparing{bundle: b, spy: &listSpy{Memory: b.remote, rate: 1e6}}
	quick := func(o *connector.Options) {
		o.Remote, o.Settle = c.spy, time.Millisecond
		o.Backoff = func(int) time.Duration { return time.Millisecond }
	}
	b.engine = b.newEngine(append([]func(*connector.Options){quick}, options...)...)
	return c
}

// begin starts a comparison; nobody works on it yet.
func (c *comparing) begin(asked admin.ReconcileRequest) admin.Job {
	c.t.Helper()
	var job admin.Job
	err := c.db.WithContext(c.t.Context()).Transaction(func(tx *gorm.DB) (err error) {
		job, err = c.engine.StartReconcile(tx, asked, "operator")
		return err
	})
	require.NoError(c.t, err)
	return job
}

// start runs the jobs of an engine until stop is called.
func (c *comparing) start(engine *connector.Engine) (stop func()) {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.t.Context())
	c.cancel = cancel
	runner := jobs.NewRunner(jobs.Options{
		DB: c.db, Kinds: map[string]jobs.Handler{connector.JobReconcile: engine.Reconcile},
		Poll: 20 * time.Millisecond, Log: slog.New(slog.DiscardHandler),
	})
	var running sync.WaitGroup
	running.Go(func() { _ = runner.Run(ctx) })
	return func() { cancel(); running.Wait() }
}

// reconcile runs a comparison to its end; the engine's workers settle its repairs.
func (c *comparing) reconcile(asked admin.ReconcileRequest) admin.Job {
	c.t.Helper()
	return c.finish(c.begin(asked).ID)
}

func (c *comparing) finish(id string) (job admin.Job) {
	c.t.Helper()
	stop := c.start(c.engine)
	defer stop()
	require.Eventually(c.t, func() bool {
		c.spy.hooks.Lock()
		_, err := c.engine.RunOnce(c.t.Context())
		c.spy.hooks.Unlock()
		require.NoError(c.t, err)
		job, err = jobs.Get(c.t.Context(), c.db, id)
		require.NoError(c.t, err)
		return !job.FinishedAt.IsZero()
	}, 20*time.Second, 20*time.Millisecond)
	return job
}

// reported runs a comparison that has to succeed, and returns its report and what it found.
func (c *comparing) reported(asked admin.ReconcileRequest) (admin.Reconcile, []admin.Finding) {
	c.t.Helper()
	job := c.reconcile(asked)
	require.Equal(c.t, jobs.Done, job.State, job.Error)
	require.Empty(c.t, job.Reconcile.Unreached)
	return *job.Reconcile, c.findings(job.ID)
}

func (c *comparing) findings(id string) (all []admin.Finding) {
	c.t.Helper()
	page := admin.Page{Limit: 3}
	for {
		list, err := c.engine.Findings(c.t.Context(), id, page)
		require.NoError(c.t, err)
		all = append(all, list.Data...)
		if page.Cursor = list.NextCursor; !list.HasMore {
			return all
		}
	}
}

// silently does something at the remote whose notifications get lost.
func (c *comparing) silently(do func()) {
	kept := c.notices
	do()
	c.notices = kept
}

// catalog applies the changes that the engine sent, as a catalog does whose users write nothing meanwhile, until it
// is quiet. It returns what the changes said.
func (c *comparing) catalog(s event.Snapshot) (event.Snapshot, []event.Change) {
	c.t.Helper()
	var all []event.Change
	for {
		changes, _ := c.sent()
		if len(changes) == 0 {
			return s, all
		}
		for _, change := range changes {
			if change.ID != s.ID {
				continue
			}
			patch := record.Patch{}
			for field, inbound := range change.Fields {
				patch[field] = inbound.Value
			}
			s = next(s, patch)
			s.Seen = map[string]int64{"stripe": change.Seq}
			all = append(all, change)
		}
		c.deliver(s)
		c.work()
	}
}
