package rig

import (
	"context"
	"fmt"
	"maps"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// The programs.
const (
	catalog   = "catalog"
	connector = "stripe-connector"
	simulator = "stripe-simulator"
	floor     = "floor"
)

// Secrets of everything that is started here.
const (
	APIKey        = "ds_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	StripeKey     = "sk_test_bench0123456789"
	WebhookSecret = "whsec_bench0123456789"
)

// The queues that customers go through on their way to Stripe.
const (
	EventsQueue = "stripe-connector.events.v1"
	FloorQueue  = "floor.customers"
)

// Side is one of the two that are compared.
type Side struct {
	Name      string
	Processes []*Process // whose CPU counts
	Sessions  []string   // application names in Postgres, whose CPU counts
	Queue     string
	Broker    *Broker

	noBroker bool
}

// WithoutBroker returns the side as one whose measured work does not involve the broker, whose CPU then does not count.
func (s Side) WithoutBroker() Side {
	s.noBroker = true
	return s
}

// DataSync is the product, as far as it was started.
type DataSync struct {
	Side
	Catalog         *Process
	Connectors      []*Process
	CatalogSchema   string
	ConnectorSchema string

	rig  *Rig
	amqp string
}

// StartCatalog starts the catalog with a schema and a virtual host of its own.
func (r *Rig) StartCatalog(ctx context.Context) (*DataSync, error) {
	amqpURL, err := r.vhost(ctx)
	if err != nil {
		return nil, err
	}
	d := &DataSync{
		rig: r, amqp: amqpURL, CatalogSchema: r.schema("catalog"), ConnectorSchema: r.schema("connector"),
		Side: Side{Name: "datasync", Queue: EventsQueue},
	}
	d.Sessions = []string{"datasync " + d.CatalogSchema, "datasync " + d.ConnectorSchema}
	d.Catalog, err = r.start(ctx, catalog, map[string]string{
		"DATABASE_URL": r.config.DatabaseURL, "DATABASE_SCHEMA": d.CatalogSchema, "AMQP_URL": amqpURL, "BOOTSTRAP_API_KEY": APIKey,
		"REQUEST_RATE_LIMIT": "0",
	})
	if err != nil {
		return nil, err
	}
	d.Processes = []*Process{d.Catalog}
	d.Broker, err = r.connect(amqpURL)
	return d, err
}

// StartConnector adds a connector to Stripe at this address; each call adds one more replica. addr may be empty.
func (d *DataSync) StartConnector(ctx context.Context, stripeURL, addr string, settings map[string]string) error {
	env := map[string]string{
		"DATABASE_URL": d.rig.config.DatabaseURL, "DATABASE_SCHEMA": d.ConnectorSchema, "AMQP_URL": d.amqp, "ADDR": addr,
		"STRIPE_API_URL": stripeURL, "STRIPE_API_KEY": StripeKey, "STRIPE_WEBHOOK_SECRET": WebhookSecret,
		"RATE_LIMIT": "100000", "ENDPOINT_RATE_LIMIT": "100000", "BOOTSTRAP_API_KEY": APIKey,
	}
	maps.Copy(env, settings)
	p, err := d.rig.start(ctx, connector, env)
	if err != nil {
		return err
	}
	d.Connectors = append(d.Connectors, p)
	d.Processes = append(d.Processes, p)
	// It is ready without the broker, but its queue has to be there for what comes.
	return Until(ctx, "the connector has made its queue", func(ctx context.Context) (bool, error) {
		return d.rig.broker.hasQueue(ctx, d.amqp, EventsQueue)
	})
}

// StopConnectors leaves the catalog alone, with the connector's queue and schema.
func (d *DataSync) StopConnectors(ctx context.Context) error {
	for _, p := range d.Connectors {
		if err := p.Stop(ctx); err != nil {
			return err
		}
	}
	d.Connectors, d.Processes = nil, []*Process{d.Catalog}
	return nil
}

// Settle waits until nothing is under way: both outboxes are empty and no link is due.
func (d *DataSync) Settle(ctx context.Context) error {
	query := fmt.Sprintf(`SELECT NOT EXISTS (SELECT FROM %s.outbox)`, pgx.Identifier{d.CatalogSchema}.Sanitize())
	if len(d.Connectors) > 0 {
		schema := pgx.Identifier{d.ConnectorSchema}.Sanitize()
		query += fmt.Sprintf(` AND NOT EXISTS (SELECT FROM %s.outbox) AND NOT EXISTS (SELECT FROM %s.links WHERE due_at IS NOT NULL)`, schema, schema)
	}
	return Until(ctx, "DataSync has nothing left to do", func(ctx context.Context) (done bool, err error) {
		err = d.rig.db.QueryRow(ctx, query).Scan(&done)
		return done, err
	})
}

// StartSimulator starts a stateful Stripe that sends its webhooks to webhookURL.
func (r *Rig) StartSimulator(ctx context.Context, webhookAddr string) (*Process, error) {
	return r.start(ctx, simulator, map[string]string{
		"STRIPE_API_KEY": StripeKey, "STRIPE_WEBHOOK_SECRET": WebhookSecret, "WEBHOOK_URL": "http://" + webhookAddr + "/webhooks/stripe",
	})
}

// StartFloor starts the floor. With 0 workers it consumes nothing; stripeURL and addr may be empty.
func (r *Rig) StartFloor(ctx context.Context, stripeURL, addr string, workers int) (*Side, error) {
	amqpURL, err := r.vhost(ctx)
	if err != nil {
		return nil, err
	}
	schema := r.schema("floor")
	p, err := r.start(ctx, floor, map[string]string{
		"DATABASE_URL": r.config.DatabaseURL, "DATABASE_SCHEMA": schema, "AMQP_URL": amqpURL, "ADDR": addr,
		"STRIPE_API_URL": stripeURL, "STRIPE_API_KEY": StripeKey, "STRIPE_WEBHOOK_SECRET": WebhookSecret,
		"WORKERS": strconv.Itoa(workers), "QUEUE_TYPE": r.config.QueueType, "PERSISTENT": r.config.Persistent,
	})
	if err != nil {
		return nil, err
	}
	s := &Side{Name: floor, Processes: []*Process{p}, Sessions: []string{"floor " + schema}, Queue: FloorQueue}
	s.Broker, err = r.connect(amqpURL)
	return s, err
}

// schema returns the name of a schema that is dropped when the scope ends.
func (r *Rig) schema(what string) string {
	name := r.fresh(what)
	r.later(func(ctx context.Context) error {
		_, err := r.db.Exec(ctx, `DROP SCHEMA IF EXISTS `+pgx.Identifier{name}.Sanitize()+` CASCADE`)
		return err
	})
	return name
}

// FreeAddr is a loopback address that nobody listens on.
func FreeAddr(ctx context.Context) (string, error) { return freeAddr(ctx) }
