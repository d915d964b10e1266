package server

import (
	"context"
	"io"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/datasync-dev/datasync/pkg/service"
	"github.com/datasync-dev/datasync/pkg/tracing"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/webhook"
)

const about = `DataSync's connector for Stripe.

POST /webhooks/stripe          where Stripe's webhook endpoint points to
GET  /admin/v1/status          for operators: see /admin/v1/openapi.json
GET  /readyz?verbose           is it ready, and if not, why
GET  /livez                    is it alive
GET  /metrics                  for Prometheus
`

func (p parts) handler() http.Handler {
	health := p.health()
	mux := http.NewServeMux()
	mux.Handle("POST /webhooks/stripe", webhook.NewHandler(webhook.Options{
		Intake: p.engine, Reader: p.reader, Secrets: p.endpoint.Secrets, Log: p.log, Metrics: p.registry,
	}))
	mux.Handle("/admin/v1/", p.operators(health))
	mux.HandleFunc("GET /livez", health.Livez)
	mux.HandleFunc("GET /readyz", health.Readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(p.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, about)
	})
	return tracing.Handler(mux)
}

func (p parts) health() *service.Health {
	health := service.NewHealth()
	health.Check("database", true, func(ctx context.Context) error {
		return p.db.WithContext(ctx).Exec("SELECT 1").Error
	})
	health.Check("migrations", true, func(ctx context.Context) error {
		return p.db.WithContext(ctx).Exec("SELECT 1 FROM links, inbox, outbox, dead_letters, changes, jobs, api_keys, webhook_watch LIMIT 0").Error
	})
	// Not critical: webhooks are stored without the broker and without Stripe, and must not be turned away.
	health.Check("broker", false, func(context.Context) error { return p.broker.Ready() })
	health.Check("webhook endpoint", false, p.endpoint.Ready)
	health.Check("stripe", false, func(context.Context) error { return p.engine.Ready() })
	health.Check("stripe events", false, func(context.Context) error { return p.engine.FeedReady() })
	return health
}
