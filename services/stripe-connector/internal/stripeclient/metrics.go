package stripeclient

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/datasync-dev/datasync/services/stripe-connector/internal/ratelimit"
)

// metrics of the calls, by endpoint: never by id.
type metrics struct {
	requests *prometheus.HistogramVec
	held     *prometheus.CounterVec
}

func newMetrics(registry prometheus.Registerer, limiter *ratelimit.Limiter) *metrics {
	m := &metrics{
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "datasync_stripe_request_seconds", Help: "Requests to Stripe by endpoint and HTTP status (0: no answer).",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20},
		}, []string{"endpoint", "status"}),
		held: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "datasync_stripe_held_total", Help: "Calls put off because the rate limit left no room before their deadline.",
		}, []string{"endpoint"}),
	}
	registry.MustRegister(m.requests, m.held, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "datasync_stripe_rate_limit", Help: "Calls per second that the account is presently used with at most.",
	}, limiter.Rate))
	return m
}
