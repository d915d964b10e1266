// Program floor is what this machine can give when nothing is promised: it takes a customer over HTTP, makes one
// INSERT and one unconfirmed publish, sends what it consumes to Stripe and stores the id that it gets. It has no outbox,
// no idempotency, no API keys, no validation, no order and no retries. The benchmark holds DataSync against it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/datasync-dev/datasync/pkg/service"
)

// Config is what the benchmark sets.
type Config struct {
	Addr          string `env:"ADDR,required"`
	DatabaseURL   string `env:"DATABASE_URL,required"`
	Schema        string `env:"DATABASE_SCHEMA,required"`
	AMQPURL       string `env:"AMQP_URL,required"`
	StripeURL     string `env:"STRIPE_API_URL"`
	StripeKey     string `env:"STRIPE_API_KEY"`
	WebhookSecret string `env:"STRIPE_WEBHOOK_SECRET"`
	Workers       int    `env:"WORKERS" envDefault:"0"`          // calls to Stripe at once; 0: consume nothing
	QueueType     string `env:"QUEUE_TYPE" envDefault:"classic"` // or quorum, to see what that part of a promise costs
	Persistent    bool   `env:"PERSISTENT" envDefault:"false"`   // messages are written to disk
}

func main() { service.Main(run) }

func run(ctx context.Context, getenv func(string) string, _ io.Writer) error {
	config, err := service.Load[Config](getenv)
	if err != nil {
		return err
	}
	store, err := openStore(ctx, config)
	if err != nil {
		return err
	}
	defer store.pool.Close()
	broker, err := openBroker(config)
	if err != nil {
		return err
	}
	defer func() { _ = broker.conn.Close() }()
	s := &server{config: config, store: store, broker: broker, waiting: &waiting{}}
	if config.Workers > 0 {
		if err := s.consume(ctx); err != nil {
			return err
		}
	}
	web := &http.Server{Addr: config.Addr, Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { _ = web.Close() })
	if err := web.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}
