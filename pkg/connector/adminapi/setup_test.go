package adminapi_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	common "github.com/datasync-dev/datasync/pkg/adminapi"
	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/connector/adminapi"
	"github.com/datasync-dev/datasync/pkg/connector/connectortest"
	"github.com/datasync-dev/datasync/pkg/deadletter"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/record"
)

const patience = 20 * time.Second

// bundle is a running engine over a remote in memory, and its operators' API with a client for each kind of user.
type bundle struct {
	t      *testing.T
	db     *gorm.DB
	remote *connectortest.Memory
	engine *connector.Engine
	url    string

	viewer, operator, reader *admin.Client
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{t: t, remote: connectortest.NewMemory("cus")}
	b.db = postgrestest.Open(t, auth.Migrations, outbox.Migrations, deadletter.Migrations, jobs.Migrations, ledger.Migrations,
		connector.Migrations)
	var err error
	b.engine, err = connector.New(connector.Options{
		Name: "stripe", Kind: event.KindCustomer, Remote: b.remote, DB: b.db, Instance: "here", Version: "1.2.3",
		Log: slog.New(slog.DiscardHandler), Heartbeat: 20 * time.Millisecond,
	})
	require.NoError(t, err)
	runner := jobs.NewRunner(jobs.Options{
		DB: b.db, Kinds: map[string]jobs.Handler{
			connector.KindRetry: b.engine.UnparkJob, connector.KindDiscard: b.engine.DiscardJob, connector.JobReconcile: b.engine.Reconcile,
		}, Poll: 10 * time.Millisecond,
		Log: slog.New(slog.DiscardHandler),
	})
	b.run(b.engine.Run, runner.Run)
	keys := auth.NewKeys(b.db, 0)
	server := httptest.NewServer(common.NewHandler(b.options(keys, runner), &auth.Gate{Keys: keys}, func(api *common.API) {
		adminapi.Register(api, adminapi.Options{Engine: b.engine, RemoteURL: func(id string) string { return "http://remote/" + id }})
	}))
	t.Cleanup(server.Close)
	b.url = server.URL
	b.viewer, b.operator = b.client(keys, "viewer", auth.AdminRead), b.client(keys, "operator", auth.AdminWrite)
	b.reader = b.client(keys, "reader", auth.AdminRead, auth.CustomersRead)
	return b
}

func (b *bundle) options(keys *auth.Keys, runner *jobs.Runner) common.Options {
	return common.Options{
		Service: "stripe", Role: "connector", Version: "1.2.3", StartedAt: time.Now(), DB: b.db, Keys: keys,
		Log: slog.New(slog.DiscardHandler), Committed: func() {}, JobAdded: runner.Wake,
		Checks: func(context.Context) []admin.Check { return []admin.Check{{Name: "database", OK: true}} },
		Status: func(ctx context.Context, s *admin.Status) error { return adminapi.Status(ctx, b.engine, s) },
	}
}

func (b *bundle) client(keys *auth.Keys, name string, scopes ...auth.Scope) *admin.Client {
	b.t.Helper()
	key, err := keys.Issue(b.t.Context(), name, scopes, time.Time{})
	require.NoError(b.t, err)
	return &admin.Client{URL: b.url, Key: key}
}

// run runs loops until the test ends.
func (b *bundle) run(loops ...func(context.Context) error) {
	ctx, cancel := context.WithCancel(b.t.Context())
	var running sync.WaitGroup
	for _, loop := range loops {
		running.Go(func() { _ = loop(ctx) })
	}
	b.t.Cleanup(func() { cancel(); running.Wait() })
}

// customer makes a record known, and waits until it is in a state.
func (b *bundle) customer(fields record.Fields, state event.SyncState) (id string) {
	b.t.Helper()
	id = uuid.NewString()
	b.deliver(event.Snapshot{Kind: event.KindCustomer, ID: id, Version: 1, Generation: 1, Fields: fields})
	b.await(id, string(state))
	return id
}

func (b *bundle) deliver(s event.Snapshot) {
	b.t.Helper()
	delivery := &rabbitmq.Delivery{Body: event.NewSnapshot(event.Updated, s).JSON()}
	require.NoError(b.t, b.engine.HandleEvents(b.t.Context(), []*rabbitmq.Delivery{delivery}))
}

func (b *bundle) await(id, state string) {
	b.t.Helper()
	require.Eventually(b.t, func() bool { return b.link(id).State == state }, patience, 10*time.Millisecond)
}

func (b *bundle) link(id string) admin.Link {
	b.t.Helper()
	l, err := b.reader.Link(b.t.Context(), id, false)
	require.NoError(b.t, err)
	return l
}

// refuse makes the remote refuse every write until the returned function is called.
func (b *bundle) refuse() (stop func()) {
	var mu sync.Mutex
	refusing := true
	b.remote.Next = func() connectortest.Fault {
		mu.Lock()
		defer mu.Unlock()
		if refusing {
			return connectortest.FaultRefused
		}
		return connectortest.FaultNone
	}
	return func() {
		mu.Lock()
		defer mu.Unlock()
		refusing = false
	}
}

// refused requires that a request was refused like this.
func refused(t *testing.T, err error, status int, code string) {
	t.Helper()
	var failure *admin.RequestError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, status, failure.Status, failure.Error())
	require.Equal(t, code, failure.Code, failure.Error())
	require.NotEmpty(t, failure.Detail)
}
