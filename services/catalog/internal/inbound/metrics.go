package inbound

import (
	"cmp"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/datasync-dev/datasync/pkg/ledger"
)

// Options of a Handler. All are needed.
type Options struct {
	Log     *slog.Logger
	Meter   *ledger.Meter
	Metrics prometheus.Registerer
}

type metrics struct {
	changes   *prometheus.CounterVec
	conflicts *prometheus.CounterVec
	dead      prometheus.Counter
}

func newMetrics(registry prometheus.Registerer) *metrics {
	m := &metrics{
		changes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "datasync_catalog_changes_total",
			Help: "Changes at remotes that the catalog has handled, by what became of them.",
		}, []string{"remote", "result"}),
		conflicts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "datasync_catalog_conflicts_total",
			Help: "Fields that were changed on both sides, by who kept the field; open: a person has to decide.",
		}, []string{"remote", "winner"}),
		dead: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "datasync_catalog_dead_letters_total",
			Help: "Messages that can never be handled.",
		}),
	}
	registry.MustRegister(m.changes, m.conflicts, m.dead)
	return m
}

func (m *metrics) observe(remote string, o Outcome) {
	m.changes.WithLabelValues(remote, string(o.Result)).Inc()
	for _, c := range o.Conflicts {
		m.conflicts.WithLabelValues(remote, cmp.Or(c.Winner, "open")).Inc()
	}
}
