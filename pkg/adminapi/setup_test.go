package adminapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/adminapi"
	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/deadletter"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

// bundle is the real handler over a real database, with a client for each kind of user.
type bundle struct {
	t       *testing.T
	db      *gorm.DB
	keys    *auth.Keys
	url     string
	options adminapi.Options

	viewer, operator, reader, boss *admin.Client
}

func setup(t *testing.T, more ...func(*adminapi.API)) *bundle {
	t.Helper()
	db := postgrestest.Open(t, auth.Migrations, outbox.Migrations, deadletter.Migrations, jobs.Migrations, ledger.Migrations)
	b := &bundle{t: t, db: db, keys: auth.NewKeys(db, 0)}
	b.options = adminapi.Options{
		Service: "stripe", Role: "connector", Version: "1.2.3", StartedAt: time.Now(), DB: db, Keys: b.keys,
		Log: slog.New(slog.DiscardHandler), Broker: queues{}, BrokerUI: "http://rabbit:15672/#/queues/%2F",
		Settings:  []admin.Setting{{Name: "ADDR", Value: ":8001"}},
		Committed: func() {}, JobAdded: func() {},
		Checks: func(context.Context) []admin.Check { return []admin.Check{{Name: "database", OK: true}} },
		Status: func(ctx context.Context, s *admin.Status) error {
			hop, err := adminapi.Outbox(ctx, db)
			s.Hops = append(s.Hops, hop)
			return err
		},
		Conflicts: func(_ context.Context, changes []admin.Change) error {
			changes[0].Conflicts = []admin.Conflict{{Field: "name", CatalogValue: "Ada", RemoteValue: "Eva"}}
			return nil
		},
	}
	server := httptest.NewServer(adminapi.NewHandler(b.options, &auth.Gate{Keys: b.keys}, more...))
	t.Cleanup(server.Close)
	b.url = server.URL
	b.viewer, b.operator = b.client("viewer", auth.AdminRead), b.client("operator", auth.AdminWrite)
	b.reader, b.boss = b.client("reader", auth.AdminRead, auth.CustomersRead), b.client("boss", auth.Admin)
	return b
}

func (b *bundle) client(name string, scopes ...auth.Scope) *admin.Client {
	b.t.Helper()
	key, err := b.keys.Issue(b.t.Context(), name, scopes, time.Time{})
	require.NoError(b.t, err)
	return &admin.Client{URL: b.url, Key: key}
}

// queues is a broker with one queue that is as it should be, and one that cannot be looked at.
type queues struct{}

func (queues) Queues() []string { return []string{"stripe.events.v1", "gone.v1"} }

func (queues) Inspect(_ context.Context, queue string) (rabbitmq.QueueState, error) {
	if queue == "gone.v1" {
		return rabbitmq.QueueState{}, fmt.Errorf("inspect queue: %w", rabbitmq.ErrNotConnected)
	}
	return rabbitmq.QueueState{Name: queue, Exists: true, Messages: 3, Consumers: 1}, nil
}

// refused requires that a request was refused like this.
func refused(t *testing.T, err error, status int, code string) {
	t.Helper()
	var failure *admin.RequestError
	require.ErrorAs(t, err, &failure)
	require.Equal(t, status, failure.Status, failure.Error())
	require.Equal(t, code, failure.Code, failure.Error())
	require.NotEmpty(t, failure.Detail)
	require.NotEmpty(t, failure.RequestID)
}

// audited returns what operators did, newest first.
func (b *bundle) audited() []admin.AuditEntry {
	b.t.Helper()
	list, err := b.viewer.Audit(b.t.Context(), admin.Page{})
	require.NoError(b.t, err)
	return list.Data
}

// bury stores a dead letter and returns its id.
func (b *bundle) bury(message string) string {
	b.t.Helper()
	err := deadletter.NewIntake(b.db, nil).Handle(b.t.Context(), []*rabbitmq.Delivery{{
		ID: message, Body: []byte(`{"name":"Ada"}`), Headers: map[string]string{
			rabbitmq.HeaderQueue: "stripe.events.v1", rabbitmq.HeaderReason: "cannot be decoded",
		},
	}})
	require.NoError(b.t, err)
	list, err := b.viewer.DeadLetters(b.t.Context(), "", admin.Page{})
	require.NoError(b.t, err)
	return list.Data[0].ID
}

// raw makes a request that the client cannot.
func (b *bundle) raw(method, path, key, body string) (status int, headers http.Header, problem admin.Problem) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, strings.NewReader(body))
	require.NoError(b.t, err)
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	require.NoError(b.t, err)
	defer func() { require.NoError(b.t, response.Body.Close()) }()
	require.NoError(b.t, json.NewDecoder(response.Body).Decode(&problem))
	return response.StatusCode, response.Header, problem
}
