// Package cluster is a whole DataSync on this machine, made to be broken: the built services with several replicas, their
// own PostgreSQL and RabbitMQ, and a proxy on each connection between any two of them.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// What the services are called and know.
const (
	ConnectorName   = "stripe"
	CatalogSchema   = "catalog"
	ConnectorSchema = "stripe_connector"
	APIKey          = "ds_torture0123456789abcdefghijklmnopqrstuvwxyz"
	StripeKey       = "sk_test_torture0123456789"

	// WebhookSecret signs the webhooks.
	WebhookSecret = "whsec_torture0123456789"

	// Lease is how long a connector owns a record. Short, so that what a dead one held is soon taken over.
	Lease = 4 * time.Second
	// CallTimeout is how long a connector waits for an answer of Stripe.
	CallTimeout = 3 * time.Second

	catalogs   = 2
	connectors = 3
)

// Cluster is everything that runs.
type Cluster struct {
	Dir        string // logs, data and binaries
	Servers    *Servers
	Simulator  *Process
	Catalogs   []*Process
	Connectors []*Process
	Links      []*Link

	// Some of the links, in the order of the replicas that they belong to.
	CatalogToBroker, ConnectorToBroker, ConnectorToStripe []*Link

	network   *network
	balancers []*balancer
	broker    string // where all links to the broker lead
	log       *slog.Logger
}

// Start builds and starts everything and returns when it is ready. RabbitMQ has so many nodes. Call Close also after a
// failure.
func Start(ctx context.Context, dir string, nodes int, log *slog.Logger) (*Cluster, error) {
	c := &Cluster{Dir: dir, log: log}
	root, err := Root()
	if err != nil {
		return c, err
	}
	p := newPorts()
	if c.Servers, err = newServers(ctx, root, dir, nodes, p); err != nil {
		return c, err
	}
	group, starting := errgroup.WithContext(ctx)
	group.Go(func() error { return build(starting, root, dir) })
	group.Go(func() error { return c.Servers.StartPostgres(starting) })
	group.Go(func() error { return c.Servers.StartRabbitMQ(starting) })
	if err := group.Wait(); err != nil {
		return c, err
	}
	log.InfoContext(ctx, "built, and servers started", slog.String("dir", dir))
	if err := c.assemble(ctx, p); err != nil {
		return c, err
	}
	for _, process := range c.Processes() {
		if err := process.Start(); err != nil {
			return c, err
		}
	}
	return c, c.WaitReady(ctx)
}

// assemble lays the links and describes the processes.
func (c *Cluster) assemble(ctx context.Context, p *ports) error {
	c.network = newNetwork(p)
	addresses := make([]string, 1+catalogs+connectors)
	for i := range addresses {
		port, err := p.take(ctx)
		if err != nil {
			return err
		}
		addresses[i] = loopback(port)
	}
	toConnectors, err := c.balance(ctx, p, addresses[1+catalogs:]...)
	if err != nil {
		return err
	}
	webhooks, err := c.network.link(ctx, "stripe to connectors", toConnectors)
	if err != nil {
		return err
	}
	c.Simulator = c.process("stripe-simulator", "", addresses[0], map[string]string{
		"STRIPE_API_KEY": StripeKey, "STRIPE_WEBHOOK_SECRET": WebhookSecret,
		"WEBHOOK_URL": "http://" + webhooks.Addr + "/webhooks/stripe",
	})
	if c.broker, err = c.balance(ctx, p, c.Servers.nodes()...); err != nil {
		return err
	}
	for i := range catalogs {
		if err := c.addCatalog(ctx, i+1, addresses[1+i]); err != nil {
			return err
		}
	}
	for i := range connectors {
		if err := c.addConnector(ctx, i+1, addresses[1+catalogs+i]); err != nil {
			return err
		}
	}
	c.Links = c.network.links
	return nil
}

// balance puts a balancer before backends and returns its address.
func (c *Cluster) balance(ctx context.Context, p *ports, backends ...string) (string, error) {
	port, err := p.take(ctx)
	if err != nil {
		return "", err
	}
	b, err := newBalancer(ctx, port, backends...)
	if err != nil {
		return "", err
	}
	c.balancers = append(c.balancers, b)
	return b.addr(), nil
}

func (c *Cluster) process(service, number, addr string, env map[string]string) *Process {
	return newProcess(service+number, filepath.Join(c.Dir, service), c.Dir, addr, env)
}

func (c *Cluster) addCatalog(ctx context.Context, number int, addr string) error {
	env, broker, err := c.backends(ctx, fmt.Sprintf("catalog-%d", number))
	if err != nil {
		return err
	}
	c.CatalogToBroker = append(c.CatalogToBroker, broker)
	env["DATABASE_SCHEMA"], env["BOOTSTRAP_API_KEY"] = CatalogSchema, APIKey
	c.Catalogs = append(c.Catalogs, c.process("catalog", fmt.Sprintf("-%d", number), addr, env))
	return nil
}

func (c *Cluster) addConnector(ctx context.Context, number int, addr string) error {
	name := fmt.Sprintf("stripe-connector-%d", number)
	env, broker, err := c.backends(ctx, name)
	if err != nil {
		return err
	}
	stripe, err := c.network.link(ctx, name+" to stripe", c.Simulator.Addr)
	if err != nil {
		return err
	}
	maps.Copy(env, map[string]string{
		"DATABASE_SCHEMA": ConnectorSchema, "CONNECTOR_NAME": ConnectorName, "BOOTSTRAP_API_KEY": APIKey,
		"STRIPE_API_URL": "http://" + stripe.Addr, "STRIPE_API_KEY": StripeKey, "STRIPE_WEBHOOK_SECRET": WebhookSecret,
		"RATE_LIMIT": "10000", "ENDPOINT_RATE_LIMIT": "10000",
		"CALL_TIMEOUT": CallTimeout.String(), "LEASE": Lease.String(), "WORKERS": "4",
	})
	c.ConnectorToBroker = append(c.ConnectorToBroker, broker)
	c.ConnectorToStripe = append(c.ConnectorToStripe, stripe)
	c.Connectors = append(c.Connectors, c.process("stripe-connector", fmt.Sprintf("-%d", number), addr, env))
	return nil
}

// backends lays a service's links to the database and to the broker.
func (c *Cluster) backends(ctx context.Context, name string) (env map[string]string, broker *Link, err error) {
	database, err := c.network.link(ctx, name+" to postgres", host(c.Servers.Database))
	if err != nil {
		return nil, nil, err
	}
	broker, err = c.network.link(ctx, name+" to rabbitmq", c.broker)
	if err != nil {
		return nil, nil, err
	}
	return map[string]string{
		"DATABASE_URL": strings.Replace(c.Servers.Database, host(c.Servers.Database), database.Addr, 1),
		"AMQP_URL":     strings.Replace(c.Servers.Broker, host(c.Servers.Broker), broker.Addr, 1),
	}, broker, nil
}

// host is the host and port of a URL with a login.
func host(url string) string {
	_, rest, _ := strings.Cut(url, "@")
	address, _, _ := strings.Cut(rest, "/")
	return address
}

// Processes are all services: the simulator, then the catalogs, then the connectors.
func (c *Cluster) Processes() []*Process {
	if c.Simulator == nil {
		return nil
	}
	return append(append([]*Process{c.Simulator}, c.Catalogs...), c.Connectors...)
}

// WaitReady waits until every service is ready.
func (c *Cluster) WaitReady(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, process := range c.Processes() {
		group.Go(func() error { return process.WaitReady(ctx) })
	}
	return group.Wait()
}

// Heal makes everything whole: links mended, servers and services running and ready.
func (c *Cluster) Heal(ctx context.Context) error {
	var problems []error
	for _, link := range c.Links {
		problems = append(problems, link.Mend(ctx))
	}
	problems = append(problems, c.Servers.StartPostgres(ctx), c.Servers.StartRabbitMQ(ctx))
	for _, process := range c.Processes() {
		process.Thaw()
		problems = append(problems, process.Start())
	}
	return errors.Join(append(problems, c.WaitReady(ctx))...)
}

// Close ends everything. The logs stay unless all is well.
func (c *Cluster) Close(ctx context.Context, keep bool) error {
	for _, process := range c.Processes() {
		process.Thaw()
		process.Kill()
	}
	for _, b := range c.balancers {
		b.close()
	}
	if c.network != nil {
		for _, link := range c.network.links {
			link.Cut()
		}
	}
	var problems []error
	if c.Servers != nil {
		problems = append(problems, c.Servers.StopRabbitMQ(ctx), c.Servers.stopPostgres(ctx))
	}
	if !keep {
		problems = append(problems, os.RemoveAll(c.Dir))
	}
	return errors.Join(problems...)
}
