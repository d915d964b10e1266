package outbox

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/datasync-dev/datasync/pkg/rabbitmq"
)

type metrics struct {
	published prometheus.Counter
	failed    *prometheus.CounterVec
	oldest    prometheus.Gauge
}

func newMetrics(registerer prometheus.Registerer) *metrics {
	m := &metrics{
		published: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "datasync_outbox_published_total", Help: "Messages confirmed by the broker and deleted from the outbox.",
		}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "datasync_outbox_failed_total", Help: "Tries to publish a message that failed. The message is kept.",
		}, []string{"reason"}),
		oldest: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "datasync_outbox_oldest_seconds", Help: "Age of the oldest message in the outbox; 0 when it is empty.",
		}),
	}
	if registerer != nil {
		registerer.MustRegister(m.published, m.failed, m.oldest)
	}
	return m
}

// reason is the label of a failure.
func reason(err error) string {
	for label, kind := range map[string]error{
		"not_connected": rabbitmq.ErrNotConnected, "blocked": rabbitmq.ErrBlocked, "unroutable": rabbitmq.ErrUnroutable,
		"nacked": rabbitmq.ErrNacked, "refused": rabbitmq.ErrRefused, "invalid": rabbitmq.ErrInvalid,
		"timeout": context.DeadlineExceeded, "stopped": context.Canceled,
	} {
		if errors.Is(err, kind) {
			return label
		}
	}
	return "other"
}
