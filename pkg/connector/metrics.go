package connector

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of one engine. Labels have few values: never an id.
type metrics struct {
	calls      *prometheus.HistogramVec
	reconciled *prometheus.CounterVec
	skipped    *prometheus.CounterVec
	notices    *prometheus.CounterVec
	lost       prometheus.Counter
	busy       prometheus.Gauge
}

func newMetrics(registry prometheus.Registerer, remote string, breaker *breaker) *metrics {
	labels := prometheus.Labels{"remote": remote}
	m := &metrics{
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "datasync_remote_call_seconds", ConstLabels: labels,
			Help:    "Calls to the remote by operation and outcome (ok, gone, transient, throttled, permanent, operator).",
			Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20},
		}, []string{"op", "outcome"}),
		reconciled: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "datasync_reconciled_total", ConstLabels: labels,
			Help: "Turns of a worker at a record, by the state that the record was left in.",
		}, []string{"state"}),
		skipped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "datasync_skipped_total", ConstLabels: labels, Help: "Versions that needed no call, by reason.",
		}, []string{"reason"}),
		notices: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "datasync_notices_total", ConstLabels: labels,
			Help: "Notifications of the remote by outcome (check, echo, overwrote, ignored, duplicate).",
		}, []string{"outcome"}),
		lost: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "datasync_leases_lost_total", ConstLabels: labels,
			Help: "Turns whose write-back was refused because another worker had taken the record over.",
		}),
		busy: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "datasync_workers_busy", ConstLabels: labels, Help: "Workers that make a call now.",
		}),
	}
	open := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "datasync_breaker_open", ConstLabels: labels,
		Help: "1 while no calls are made because the remote is down or an operator has to act.",
	}, func() float64 {
		if breaker.isOpen() {
			return 1
		}
		return 0
	})
	registry.MustRegister(open, m.calls, m.reconciled, m.skipped, m.notices, m.lost, m.busy)
	return m
}

func (m *metrics) called(op string, err error, took time.Duration) {
	outcome := "ok"
	switch {
	case errors.Is(err, ErrGone):
		outcome = "gone"
	case err != nil:
		outcome = string(classify(err).Class)
	}
	m.calls.WithLabelValues(op, outcome).Observe(took.Seconds())
}
