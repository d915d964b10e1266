// Package adminapi serves the operators' API, /admin/v1, of any service: what all of them have in common, and the means
// to add what only one has. See package admin for the shapes and for a client.
package adminapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

// Options say what a service is made of. What is marked optional may be left out; then the answers lack it.
type Options struct {
	Service   string // catalog, or the connector's name
	Role      string // catalog or connector
	Version   string // of the program
	StartedAt time.Time
	DB        *gorm.DB // migrated with ledger, jobs, deadletter, outbox and auth
	Keys      *auth.Keys
	Log       *slog.Logger
	Settings  []admin.Setting
	Broker    Broker
	BrokerUI  string // optional: see rabbitmq.QueuesUI
	Committed func() // called after commits that put something in the outbox; must not block
	JobAdded  func() // called after commits that added a job; must not block

	// Checks are those of /readyz.
	Checks func(ctx context.Context) []admin.Check
	// Status completes the answer of GET /admin/v1/status, whose fields up to Checks are filled in.
	Status func(ctx context.Context, s *admin.Status) error
	// Conflicts, optional, adds the conflicts that changes met to them.
	Conflicts func(ctx context.Context, changes []admin.Change) error
	// RequestID returns the id of the request that ctx belongs to.
	RequestID func(ctx context.Context) string
}

// Broker tells about queues; *rabbitmq.Client is one.
type Broker interface {
	Queues() []string
	Inspect(ctx context.Context, queue string) (rabbitmq.QueueState, error)
}

// API is what operations are registered with.
type API struct {
	Options
	huma huma.API
}

// Register adds the operations that every service has to an API, and returns what to register others with. The API's
// requests must have been let in already, see auth.From; scopes are checked here.
func Register(to huma.API, o Options) *API {
	a := &API{Options: o, huma: to}
	a.registerStatus()
	a.registerChanges()
	a.registerQueues()
	a.registerDeadLetters()
	a.registerJobs()
	a.registerKeys()
	a.registerMe()
	return a
}

// Read registers an operation for viewers.
func Read[I, O any](a *API, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	add(a, op, auth.AdminRead, handle)
}

// Write registers an operation for operators. It must leave an audit entry: see API.Act.
func Write[I, O any](a *API, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	add(a, op, auth.AdminWrite, handle)
}

// Manage registers an operation for administrators. It must leave an audit entry: see API.Act.
func Manage[I, O any](a *API, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	add(a, op, auth.Admin, handle)
}

// security is the name of the security scheme in OpenAPI descriptions.
const security = "apiKey"

func add[I, O any](a *API, op huma.Operation, scope auth.Scope, handle func(context.Context, *I) (*O, error)) {
	op.Security = []map[string][]string{{security: {string(scope)}}}
	op.Middlewares = append(op.Middlewares, a.require(scope), person)
	open(a, op, handle)
}

// open registers an operation for every valid key.
func open[I, O any](a *API, op huma.Operation, handle func(context.Context, *I) (*O, error)) {
	op.Tags = []string{"operators"}
	op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden,
		http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable)
	if op.Method != http.MethodGet {
		op.Errors = append(op.Errors, http.StatusUnprocessableEntity)
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, a.problemOf(ctx, err)
		}
		return out, nil
	})
}

// Output is the answer of an operation that has nothing to say but its body.
type Output[T any] struct{ Body T }

// Accepted is the answer of an operation that began a job.
type Accepted struct {
	Status int
	Body   admin.Job
}

func output[T any](body T, err error) (*Output[T], error) {
	if err != nil {
		return nil, err
	}
	return &Output[T]{Body: body}, nil
}

// Paging are the parameters of lists.
type Paging struct {
	Cursor string `query:"cursor" doc:"next_cursor of the previous page"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"how many to return at most"`
}

func (p Paging) page() admin.Page { return admin.Page{Cursor: p.Cursor, Limit: p.Limit} }

// ID is the id in an address.
type ID struct {
	ID string `path:"id"`
}
