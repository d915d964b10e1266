package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/adminapi"
	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/deadletter"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/service"
	"github.com/datasync-dev/datasync/pkg/tracing"
	"github.com/datasync-dev/datasync/services/catalog/internal/api"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
	"github.com/datasync-dev/datasync/services/catalog/internal/idempotency"
	"github.com/datasync-dev/datasync/services/catalog/internal/imports"
	"github.com/datasync-dev/datasync/services/catalog/internal/inbound"
	"github.com/datasync-dev/datasync/services/catalog/internal/syncstate"
)

// rememberKeys is how long a revoked API key may still work.
const rememberKeys = 5 * time.Second

// Migrations are all tables of the catalog.
func Migrations() []postgres.Migrations {
	return []postgres.Migrations{
		auth.Migrations, outbox.Migrations, deadletter.Migrations, jobs.Migrations, ledger.Migrations,
		customers.Migrations, idempotency.Migrations, imports.Migrations,
	}
}

// Run is the catalog: it blocks until ctx ends and everything has stopped.
func Run(ctx context.Context, getenv func(string) string, stdout io.Writer) error {
	config, err := service.Load[Config](getenv)
	if err != nil {
		return err
	}
	policies, err := inbound.ParsePolicies(config.ConflictPolicy, config.ConflictPolicyFields)
	if err != nil {
		return err
	}
	log := service.NewLogger(stdout, "catalog", config.LogLevel, config.LogFormat)
	log.InfoContext(ctx, "configuration", service.Effective(service.Settings(config)))
	traces, err := tracing.New(ctx, "catalog", config.Tracing, log)
	if err != nil {
		return err
	}
	ctx = tracing.With(ctx, traces)
	db, err := open(ctx, config, log)
	if err != nil {
		return err
	}
	defer postgres.Close(ctx, db, log)
	keys := auth.NewKeys(db, rememberKeys)
	if err := keys.Prepare(ctx, config.BootstrapAPIKey, log, stdout); err != nil {
		return err
	}
	p := parts{config: config, policies: policies, log: log, traces: traces, db: db, keys: keys}
	return service.Run(ctx, log, config.ShutdownTimeout, append(p.loops(), service.Profiles(config.DebugAddr)...)...) //nolint:contextcheck // requests bring their own
}

func open(ctx context.Context, config Config, log *slog.Logger) (*gorm.DB, error) {
	db, err := postgres.Open(ctx, postgres.Options{URL: config.DatabaseURL, Schema: config.DatabaseSchema, Log: log})
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	if err := postgres.Migrate(ctx, db, Migrations()...); err != nil {
		return nil, fmt.Errorf("migrate the database: %w", err)
	}
	return db, nil
}

// parts is what the loops are made of.
type parts struct {
	config   Config
	policies inbound.Policies
	log      *slog.Logger
	traces   *tracing.Tracing
	db       *gorm.DB
	keys     *auth.Keys
}

// backlogEvery is how often it is noted how much waits: for a chart of minutes.
const backlogEvery = 10 * time.Second

// followEvery is how much newer than what has been looked at a customer may be that a list of the waiting ones looks at.
const followEvery = 10 * time.Second

// loops returns everything that runs, in the order of starting. They stop the other way round: first the senders (HTTP
// takes no more writes, the consumer no more messages), then the relay, which still sends what they wrote, and last
// the broker's connections.
func (p parts) loops() []service.Loop {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	broker := rabbitmq.New(rabbitmq.Options{URL: p.config.AMQPURL, Name: "catalog", Topology: topology(), Log: p.log})
	relay := outbox.NewRelay(p.db, broker, outbox.RelayOptions{Log: p.log, Metrics: registry})
	waiters, meter := syncstate.NewWaiters(), ledger.NewMeter()
	handler := inbound.NewHandler(p.db, inbound.NewApplier(p.db, p.policies, relay.Wake), waiters,
		inbound.Options{Log: p.log, Meter: meter, Metrics: registry})
	letters := deadletter.NewIntake(p.db, registry)
	health, runner := p.health(broker), p.newJobs(relay)
	web := api.New(api.Options{
		DB: p.db, Gate: p.config.Limits.Gate(p.keys), Remotes: p.config.Remotes, Waiters: waiters, Committed: relay.Wake,
		Log: p.log, Metrics: registry, Livez: http.HandlerFunc(health.Livez), Readyz: http.HandlerFunc(health.Readyz),
		MetricsUI: promhttp.HandlerFor(registry, promhttp.HandlerOpts{}), Operators: p.operators(broker, relay, runner, health),
	})
	return []service.Loop{
		{Name: "traces", Run: p.traces.Run},
		{Name: "broker", Run: broker.Run},
		{Name: "relay", Run: relay.Run},
		service.Every("prune idempotency keys", 10*time.Minute, p.log, func(ctx context.Context) error {
			return idempotency.Prune(ctx, p.db)
		}),
		service.Every("prune dead letters", time.Hour, p.log, func(ctx context.Context) error {
			return deadletter.Prune(ctx, p.db)
		}),
		service.Every("prune imports", time.Hour, p.log, func(ctx context.Context) error {
			return imports.Prune(ctx, p.db, time.Now())
		}),
		service.Every("ledger", 10*time.Minute, p.log, func(ctx context.Context) error {
			return ledger.Maintain(ctx, p.db, time.Now(), ledger.Retention)
		}),
		service.Every("backlog", backlogEvery, p.log, func(ctx context.Context) error {
			out, err := adminapi.Outbox(ctx, p.db)
			if err == nil {
				meter.Waiting(admin.Waiting{Outbound: out.Depth, Inbound: adminapi.Queue(ctx, broker, "changes queue", changesQueue).Depth})
			}
			return err
		}),
		service.Every("follow what waits", followEvery, p.log, func(ctx context.Context) error {
			for _, remote := range p.config.Remotes {
				if err := customers.FollowPending(ctx, p.db, remote); err != nil {
					return err
				}
			}
			return nil
		}),
		{Name: "meter", Run: func(ctx context.Context) error { return meter.Run(ctx, p.db, p.log) }},
		{Name: "jobs", Run: runner.Run},
		{Name: "dead letters", Run: func(ctx context.Context) error {
			return broker.Consume(ctx, deadQueue, deadletter.Prefetch, letters.Handle)
		}},
		{Name: "changes", Run: func(ctx context.Context) error {
			return broker.Consume(ctx, changesQueue, prefetch, handler.Handle)
		}},
		service.HTTP("http", p.config.Addr, tracing.Handler(web)),
	}
}

func (p parts) health(broker *rabbitmq.Client) *service.Health {
	health := service.NewHealth()
	health.Check("database", true, func(ctx context.Context) error {
		return p.db.WithContext(ctx).Exec("SELECT 1").Error
	})
	health.Check("migrations", true, func(ctx context.Context) error {
		return p.db.WithContext(ctx).Exec("SELECT 1 FROM customers, customer_sync, sync_followed, sync_waiting, conflicts, idempotency_keys, outbox, dead_letters, jobs, ONLY changes, ONLY attempts, audit, api_keys LIMIT 0").Error
	})
	// Not critical: while the broker is away writes are accepted all the same, their events wait in the outbox.
	health.Check("broker", false, func(context.Context) error { return broker.Ready() })
	return health
}
