package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/deadletter"
	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/service"
	"github.com/datasync-dev/datasync/pkg/tracing"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/customers"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/endpoint"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/events"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/ratelimit"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/stripeclient"
)

// rememberKeys is how long a revoked API key may still work.
const rememberKeys = 5 * time.Second

// Run is the connector: it blocks until ctx ends and everything has stopped.
func Run(ctx context.Context, getenv func(string) string, stdout io.Writer) error {
	config, err := service.Load[Config](getenv)
	if err != nil {
		return fmt.Errorf("stripe-connector: %w", err)
	}
	log := service.NewLogger(stdout, "stripe-connector", config.LogLevel, config.LogFormat)
	log.InfoContext(ctx, "configuration", service.Effective(service.Settings(config)))
	traces, err := tracing.New(ctx, "stripe-connector", config.Tracing, log)
	if err != nil {
		return fmt.Errorf("stripe-connector: %w", err)
	}
	ctx = tracing.With(ctx, traces)
	db, err := open(ctx, config, log)
	if err != nil {
		return fmt.Errorf("stripe-connector: %w", err)
	}
	defer postgres.Close(ctx, db, log)
	keys := auth.NewKeys(db, rememberKeys)
	if err := keys.Prepare(ctx, config.BootstrapAPIKey, log, stdout); err != nil {
		return fmt.Errorf("stripe-connector: %w", err)
	}
	p, err := assemble(config, db, keys, log)
	if err != nil {
		return fmt.Errorf("stripe-connector: %w", err)
	}
	account, single := config.rates()
	log.InfoContext(ctx, "connecting", slog.String("name", config.Name), slog.String("addr", config.Addr),
		slog.Bool("livemode", config.Livemode()), slog.Int("workers", config.Workers),
		slog.Float64("rate_limit", account), slog.Float64("endpoint_rate_limit", single))
	loops := append([]service.Loop{{Name: "traces", Run: traces.Run}}, p.loops()...) //nolint:contextcheck // requests bring their own
	return service.Run(ctx, log, config.ShutdownTimeout, append(loops, service.Profiles(config.DebugAddr)...)...)
}

// Migrations are all tables of the connector.
func Migrations() []postgres.Migrations {
	return []postgres.Migrations{
		connector.Migrations, outbox.Migrations, deadletter.Migrations, auth.Migrations, jobs.Migrations, ledger.Migrations,
		endpoint.Migrations,
	}
}

func open(ctx context.Context, config Config, log *slog.Logger) (*gorm.DB, error) {
	db, err := postgres.Open(ctx, postgres.Options{
		URL: config.DatabaseURL, Schema: config.DatabaseSchema, MaxConns: conns(config.Workers), Log: log,
	})
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	if err := postgres.Migrate(ctx, db, Migrations()...); err != nil {
		return nil, fmt.Errorf("migrate the database: %w", err)
	}
	return db, nil
}

// conns is how many database connections the workers need: each holds one only for the moment of a commit.
func conns(workers int) int { return min(12+workers/4, 40) }

// parts is what the loops are made of.
type parts struct {
	config    Config
	log       *slog.Logger
	db        *gorm.DB
	keys      *auth.Keys
	registry  *prometheus.Registry
	broker    *rabbitmq.Client
	relay     *outbox.Relay
	engine    *connector.Engine
	announcer *announcer
	meter     *ledger.Meter
	jobs      *jobs.Runner
	reader    events.Reader
	endpoint  *endpoint.Keeper
}

// remote is Stripe as the engine sees it: its customers, and the list of what happened to them.
type remote struct {
	*customers.Remote
	*events.Feed
	*ratelimit.Limiter
}

func assemble(config Config, db *gorm.DB, keys *auth.Keys, log *slog.Logger) (parts, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	broker := rabbitmq.New(rabbitmq.Options{
		URL: config.AMQPURL, Name: config.Name + "-connector", Topology: connector.Topology(config.Name), Log: log,
	})
	relay := outbox.NewRelay(db, broker, outbox.RelayOptions{Log: log, Metrics: registry})
	limiter := ratelimit.New(config.rates())
	client := stripeclient.New(stripeclient.Options{
		Key: config.APIKey, URL: config.APIURL, Timeout: config.CallTimeout - config.CallTimeout/10, Conns: connector.MaxWorkers,
		Limiter: limiter, Log: log, Metrics: registry,
	})
	announcer := newAnnouncer(broker, config.Name)
	meter := ledger.NewMeter()
	reader := events.Reader{Marks: customers.Marks{Name: config.Name}, Livemode: config.Livemode()}
	keeper := endpoint.New(endpoint.Options{
		Client: client, DB: db, Name: config.Name, Types: events.Types(), Secrets: config.WebhookSecrets,
		Livemode: config.Livemode(), URL: config.PublicURL, Log: log,
	})
	engine, err := connector.New(connector.Options{
		Name: config.Name, Kind: event.KindCustomer, DB: db, Instance: instance(config.Addr),
		Remote: remote{customers.NewRemote(client, config.Name), events.NewFeed(client, reader), limiter},
		Ledger: meter, Version: version(), Announce: announcer.announce, Scaled: scale(db),
		SweepEvery: config.SweepEvery, DrainTimeout: config.ShutdownTimeout / 2,
		Committed: relay.Wake, Workers: config.Workers, Lease: config.Lease, CallTimeout: config.CallTimeout,
		DeletePolicy: config.DeletePolicy, ErasePolicy: config.ErasePolicy, Erase: erase, Log: log, Metrics: registry,
	})
	if err != nil {
		return parts{}, err
	}
	return parts{config, log, db, keys, registry, broker, relay, engine, announcer, meter, newJobs(db, engine, relay, log, config), reader, keeper}, nil
}

// scale lets the database's pool grow and shrink with the workers.
func scale(db *gorm.DB) func(workers int) {
	return func(workers int) {
		if pool, err := db.DB(); err == nil {
			pool.SetMaxOpenConns(conns(workers))
			pool.SetMaxIdleConns(conns(workers))
		}
	}
}

// erase removes what is kept about an erased record beside the engine's tables.
func erase(tx *gorm.DB, localID, remoteID string) error {
	if err := ledger.EraseRecord(tx, localID); err != nil {
		return err
	}
	_, err := deadletter.Erase(tx, "erasure", localID, remoteID)
	return err
}

// instance names this process among the replicas: no other one listens at the same address of the same host.
func instance(addr string) string {
	host, err := os.Hostname()
	if err != nil {
		return "" // the engine makes a name up
	}
	return host + "/" + addr
}

// loops returns everything that runs, in the order of starting. They stop the other way round: first the intakes, so
// that nothing new comes in, then the workers, when they have finished the record they hold, then the relay, which
// still sends what they reported, and last the broker's connections.
func (p parts) loops() []service.Loop {
	letters := deadletter.NewIntake(p.db, p.registry)
	return []service.Loop{
		{Name: "broker", Run: p.broker.Run},
		{Name: "relay", Run: p.relay.Run},
		service.Every("backlog", backlogEvery, p.log, p.noteBacklog),
		{Name: "figures", Run: func(ctx context.Context) error { return p.meter.Run(ctx, p.db, p.log) }},
		{Name: "workers", Run: p.engine.Run},
		{Name: "announcements", Run: p.announcer.run},
		{Name: "control", Run: func(ctx context.Context) error { return p.announcer.listen(ctx, p.engine.Refresh) }},
		{Name: "upkeep", Run: p.engine.Upkeep},
		{Name: "jobs", Run: p.jobs.Run},
		service.Every("ledger", 10*time.Minute, p.log, func(ctx context.Context) error {
			return ledger.Maintain(ctx, p.db, time.Now(), ledger.Retention)
		}),
		{Name: "feed", Run: p.engine.PollFeed},
		{Name: "webhook endpoint", Run: p.endpoint.Run},
		service.Every("prune dead letters", time.Hour, p.log, func(ctx context.Context) error {
			return deadletter.Prune(ctx, p.db)
		}),
		{Name: "dead letters", Run: func(ctx context.Context) error {
			return p.broker.Consume(ctx, connector.DeadQueue(p.config.Name), deadletter.Prefetch, letters.Handle)
		}},
		{Name: "events", Run: func(ctx context.Context) error {
			// Events only write rows, a batch in one statement: many at once are cheap.
			return p.broker.Consume(ctx, connector.EventsQueue(p.config.Name), max(64, 4*p.config.Workers), p.engine.HandleEvents)
		}},
		service.HTTP("http", p.config.Addr, p.handler()),
	}
}
