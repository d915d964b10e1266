package server

import (
	"runtime/debug"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/adminapi"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/outbox"
	"github.com/datasync-dev/datasync/pkg/rabbitmq"
	"github.com/datasync-dev/datasync/pkg/service"
	"github.com/datasync-dev/datasync/services/catalog/internal/backfill"
	"github.com/datasync-dev/datasync/services/catalog/internal/imports"
	"github.com/datasync-dev/datasync/services/catalog/internal/operators"
)

// newJobs does the long work that operators ask for.
func (p parts) newJobs(relay *outbox.Relay) *jobs.Runner {
	return jobs.NewRunner(jobs.Options{DB: p.db, Log: p.log, Kinds: map[string]jobs.Handler{
		adminapi.ReplayKind: adminapi.Replays(p.db, relay.Wake),
		backfill.Kind:       backfill.Handler(p.db, relay.Wake),
		imports.Kind:        imports.Handler(p.db, relay.Wake),
	}})
}

// operators is what the operators' API works with.
func (p parts) operators(broker *rabbitmq.Client, relay *outbox.Relay, runner *jobs.Runner, health *service.Health) operators.Options {
	return operators.Options{ChangesQueue: changesQueue, Remotes: p.config.Remotes, Options: adminapi.Options{
		Service: owner, Role: "catalog", Version: version(), StartedAt: time.Now(), DB: p.db, Keys: p.keys, Log: p.log,
		Settings: settings(p.config), Broker: broker, BrokerUI: rabbitmq.QueuesUI(p.config.RabbitMQUI, p.config.AMQPURL),
		Committed: relay.Wake, JobAdded: runner.Wake, Checks: adminapi.Checks(health),
	}}
}

func settings(c Config) []admin.Setting {
	configured := service.Settings(c)
	list := make([]admin.Setting, 0, len(configured))
	for _, s := range configured {
		list = append(list, admin.Setting{Name: s.Name, Value: s.Value, Default: s.Default, Secret: s.Secret})
	}
	return list
}

// version is that of the program, as the go command noted it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "unknown"
	}
	return info.Main.Version
}
