package connector

import (
	"embed"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/groupcommit"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/postgres"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migrations make the engine's tables. The outbox has its own.
var Migrations = postgres.Embedded("connector", migrationFiles)

// DeletePolicy says what a delete in the catalog does at the remote, where money may hang on the object.
type DeletePolicy string

// The delete policies.
const (
	DeleteAlways DeletePolicy = "delete" // delete it there too
	DeleteDetach DeletePolicy = "detach" // keep it there, and stop syncing it
	DeleteRefuse DeletePolicy = "refuse" // delete it unless the Remote's DeleteGuard objects; then park the record
)

// Options of an engine. Name, Kind, Remote, DB and Log are required.
type Options struct {
	Name      string // names the connector's queue, messages, keys and marks: "stripe"
	Kind      string // event.KindCustomer
	Remote    Remote
	DB        *gorm.DB          // migrated with Migrations and outbox.Migrations
	Committed func()            // called after a commit that put messages in the outbox; must not block
	Announce  func()            // tells the other replicas to Refresh; must not block. Default: they find out by themselves
	Ledger    *ledger.Meter     // counts what the engine writes into the ledger of the same DB; nil: none is written
	Version   string            // of the program, shown to operators
	Scaled    func(workers int) // told how many workers there are, when operators change that; must not block
	// Instance names this process among the replicas, the same after a restart ("host:port", say): what it held when it
	// died is taken up again at once instead of when the lease ends. Two processes must not share a name. Default: random.
	Instance     string
	Workers      int                             // calls to the remote at once; default 3
	Lease        time.Duration                   // how long a worker owns a record; longer than CallTimeout; default 30s
	CallTimeout  time.Duration                   // of one call to the remote; default 20s
	VerifyAfter  time.Duration                   // when a write with an unknown outcome is looked at for the last time; default Lease
	Probe        time.Duration                   // longest wait between two tries of a remote that is down or refuses the key; default 30s
	PollInterval time.Duration                   // how often the Remote's Feed is read; default 1m
	Heartbeat    time.Duration                   // how often a replica tells what it does and looks what operators want; default 3s
	DrainTimeout time.Duration                   // how long a stop waits for calls under way; default 10s
	SweepEvery   time.Duration                   // how often each linked record is looked at without any reason; 0: never
	InboxKeep    time.Duration                   // how long notices are remembered; longer than the Feed reaches back; default 35 days
	DeletePolicy DeletePolicy                    // default DeleteAlways
	ErasePolicy  ErasePolicy                     // default EraseDelete
	Settle       time.Duration                   // how long what moves during a comparison gets to be notified before repairs; default 5s
	Backoff      func(attempt int) time.Duration // default Backoff
	// Erase removes what the connector keeps about an erased record beside the engine's own tables, inside tx. It may be
	// called again for the same record.
	Erase   func(tx *gorm.DB, localID, remoteID string) error
	Log     *slog.Logger
	Metrics prometheus.Registerer
}

// outageAfter is how many records in a row have to go without an answer before the remote is taken to be down.
const outageAfter = 5

// Engine keeps the records of one kind in step with one remote account. All methods are safe for concurrent use; any
// number of engines of the same name, in any number of processes, share the work.
type Engine struct {
	o         Options
	guard     DeleteGuard
	metrics   *metrics
	started   time.Time
	wake      chan struct{}
	free      chan struct{} // a worker has become idle
	changed   chan struct{} // operators want something else
	breaker   *breaker
	flights   *flights
	control   atomic.Pointer[wanted]
	throttled atomic.Int64
	feed      streak
	noticed   atomic.Pointer[time.Time] // when the last notice came in by itself, unless that is stored
	notices   *groupcommit.Group[Notice, outcome]
	writes    *groupcommit.Group[write, struct{}]
	claims    claims

	unresumed atomic.Bool // an outage is over, and what backs off because of it has not been made due yet
}

// New checks the options and fills in the defaults.
func New(o Options) (*Engine, error) {
	o.setDefaults()
	guard, _ := o.Remote.(DeleteGuard)
	switch o.DeletePolicy {
	case DeleteAlways, DeleteDetach:
	case DeleteRefuse:
		if guard == nil {
			return nil, fmt.Errorf("connector %s: the delete policy %q needs a remote with a delete guard", o.Name, o.DeletePolicy)
		}
	default:
		return nil, fmt.Errorf("connector %s: unknown delete policy %q: use delete, detach or refuse", o.Name, o.DeletePolicy)
	}
	if o.ErasePolicy != EraseDelete && o.ErasePolicy != EraseKeep {
		return nil, fmt.Errorf("connector %s: unknown erase policy %q: use delete or keep", o.Name, o.ErasePolicy)
	}
	if o.Lease <= o.CallTimeout {
		return nil, fmt.Errorf("connector %s: the lease (%s) must be longer than the call timeout (%s)", o.Name, o.Lease, o.CallTimeout)
	}
	breaker := newBreaker(outageAfter, o.Probe/30, o.Probe)
	e := &Engine{
		o: o, guard: guard, started: time.Now(), breaker: breaker, metrics: newMetrics(o.Metrics, o.Name, breaker), flights: newFlights(o.Workers),
		wake: make(chan struct{}, 1), free: make(chan struct{}, 1), changed: make(chan struct{}, 1),
	}
	e.notices = groupcommit.New(groupcommit.Options{Shared: postgres.Unavailable}, e.takeIn)
	e.writes = groupcommit.New(groupcommit.Options{Shared: undecided}, e.writeAll)
	e.control.Store(&wanted{Control: admin.Control{Outbound: true, Inbound: true}, unknown: true})
	return e, nil
}

func (o *Options) setDefaults() {
	setDefault(&o.Instance, uuid.NewString())
	setDefault(&o.Workers, 3)
	setDefault(&o.Lease, 30*time.Second)
	setDefault(&o.CallTimeout, 20*time.Second)
	setDefault(&o.VerifyAfter, o.Lease)
	setDefault(&o.Probe, 30*time.Second)
	setDefault(&o.PollInterval, time.Minute)
	setDefault(&o.Heartbeat, 3*time.Second)
	setDefault(&o.DrainTimeout, 10*time.Second)
	setDefault(&o.InboxKeep, 35*24*time.Hour)
	setDefault(&o.DeletePolicy, DeleteAlways)
	setDefault(&o.ErasePolicy, EraseDelete)
	setDefault(&o.Settle, 5*time.Second)
	if o.Backoff == nil {
		o.Backoff = Backoff
	}
	if o.Committed == nil {
		o.Committed = func() {}
	}
	if o.Announce == nil {
		o.Announce = func() {}
	}
	if o.Scaled == nil {
		o.Scaled = func(int) {}
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
}

func setDefault[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}

// Wake makes a sleeping engine look for due links at once. It never blocks.
func (e *Engine) Wake() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Breaker tells whether calls are made, and if not, why.
func (e *Engine) Breaker() admin.Breaker { return e.breaker.state() }

// Ready returns nil, or why the engine makes no calls for now: the remote is down, or an operator has to act.
func (e *Engine) Ready() error { return e.breaker.ready() }
