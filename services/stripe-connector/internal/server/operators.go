package server

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/adminapi"
	"github.com/datasync-dev/datasync/pkg/connector"
	connectorapi "github.com/datasync-dev/datasync/pkg/connector/adminapi"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/service"
)

// newJobs does the long work that operators ask for.
func newJobs(db *gorm.DB, engine *connector.Engine, relay *outbox.Relay, log *slog.Logger, config Config) *jobs.Runner {
	return jobs.NewRunner(jobs.Options{
		DB: db, Instance: instance(config.Addr), Log: log, Kinds: map[string]jobs.Handler{
			connector.KindRetry:    engine.UnparkJob,
			connector.KindDiscard:  engine.DiscardJob,
			adminapi.ReplayKind:    adminapi.Replays(db, relay.Wake),
			connector.JobReconcile: engine.Reconcile,
		},
	})
}

// operators is the API of operators, /admin/v1.
func (p parts) operators(health *service.Health) http.Handler {
	options := adminapi.Options{
		Service: p.config.Name, Role: "connector", Version: version(), StartedAt: time.Now(), DB: p.db, Keys: p.keys, Log: p.log,
		Settings: settings(p.config), Broker: p.broker, BrokerUI: rabbitmq.QueuesUI(p.config.RabbitMQUI, p.config.AMQPURL),
		Committed: p.relay.Wake, JobAdded: p.jobs.Wake, Checks: adminapi.Checks(health), Status: p.status,
	}
	return adminapi.NewHandler(options, p.config.Limits.Gate(p.keys), func(api *adminapi.API) {
		connectorapi.Register(api, connectorapi.Options{Engine: p.engine, RemoteURL: func(id string) string {
			return p.config.stripeURL() + "/customers/" + url.PathEscape(id)
		}})
	}, p.endpoint.Register)
}

// status tells where work waits, in the order in which it travels: from the catalog to Stripe, then back.
func (p parts) status(ctx context.Context, s *admin.Status) error {
	s.RemoteURL = p.config.stripeURL()
	s.Hops = append(s.Hops, adminapi.Queue(ctx, p.broker, "events queue", connector.EventsQueue(p.config.Name)))
	if err := connectorapi.Status(ctx, p.engine, s); err != nil {
		return err
	}
	out, err := adminapi.Outbox(ctx, p.db)
	if err != nil {
		return err
	}
	letters, err := adminapi.DeadLetters(ctx, p.db)
	s.Hops = append(s.Hops, out, letters)
	return err
}

// backlogEvery is how often it is noted how much waits: for a chart of minutes.
const backlogEvery = 10 * time.Second

// noteBacklog notes how much waits here on its way to Stripe, and back.
func (p parts) noteBacklog(ctx context.Context) error {
	state, err := p.engine.State(ctx)
	if err != nil {
		return err
	}
	out, err := adminapi.Outbox(ctx, p.db)
	if err != nil {
		return err
	}
	events := adminapi.Queue(ctx, p.broker, "events queue", connector.EventsQueue(p.config.Name))
	p.meter.Waiting(admin.Waiting{Outbound: events.Depth + state.Records.Pending + state.Records.Retrying, Inbound: out.Depth})
	return nil
}

// stripeURL is where people look at customers: Stripe's dashboard, or the simulator's.
func (c *Config) stripeURL() string {
	switch {
	case c.APIURL != stripeAPI:
		return strings.TrimSuffix(c.APIURL, "/")
	case c.Livemode():
		return "https://dashboard.stripe.com"
	}
	return "https://dashboard.stripe.com/test"
}

func settings(c Config) []admin.Setting {
	configured := service.Settings(c)
	list := make([]admin.Setting, 0, len(configured))
	for _, s := range configured {
		list = append(list, admin.Setting{Name: s.Name, Value: s.Value, Default: s.Default, Secret: s.Secret})
	}
	return list
}
