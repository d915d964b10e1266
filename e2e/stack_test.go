package e2e_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/datasync-dev/datasync/pkg/postgres/postgrestest"
	"github.com/datasync-dev/datasync/pkg/rabbitmq/rabbitmqtest"
	"github.com/datasync-dev/datasync/pkg/service/servicetest"
)

// Secrets of the stacks under test.
const (
	apiKey        = "ds_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	stripeKey     = "sk_test_e2e0123456789"
	webhookSecret = "whsec_e2e0123456789"
)

// stack is a whole DataSync from its built binaries: simulator, catalog and connector, with a virtual host and schemas
// of its own.
type stack struct {
	t         *testing.T
	amqp      string
	simulator *servicetest.Process
	catalog   *servicetest.Process
	connector *servicetest.Process

	catalogEnv, connectorEnv map[string]string
}

// start brings a stack up and waits until it is ready. settings are added to the connector's environment.
func start(t *testing.T, settings map[string]string) *stack {
	t.Helper()
	s := &stack{t: t, amqp: rabbitmqtest.VHost(t)}
	webhooks := freeAddr(t)
	s.simulator = servicetest.Start(t, "stripe-simulator", map[string]string{
		"STRIPE_API_KEY": stripeKey, "STRIPE_WEBHOOK_SECRET": webhookSecret, "WEBHOOK_URL": "http://" + webhooks + "/webhooks/stripe",
	})
	s.catalogEnv = map[string]string{
		"ADDR": freeAddr(t), "AMQP_URL": s.amqp, "BOOTSTRAP_API_KEY": apiKey, "DATABASE_SCHEMA": postgrestest.Schema(t),
	}
	s.connectorEnv = map[string]string{
		"ADDR": webhooks, "AMQP_URL": s.amqp, "DATABASE_SCHEMA": postgrestest.Schema(t),
		"STRIPE_API_URL": s.simulator.URL, "STRIPE_API_KEY": stripeKey, "STRIPE_WEBHOOK_SECRET": webhookSecret,
		"RATE_LIMIT": "10000", "ENDPOINT_RATE_LIMIT": "10000", "CALL_TIMEOUT": "3s", "LEASE": "4s",
	}
	maps.Copy(s.connectorEnv, settings)
	s.startCatalog()
	s.startConnector()
	return s
}

func (s *stack) startCatalog() {
	s.t.Helper()
	s.catalog = servicetest.Start(s.t, "catalog", s.catalogEnv)
}

func (s *stack) startConnector() {
	s.t.Helper()
	s.connector = servicetest.Start(s.t, "stripe-connector", s.connectorEnv)
}

// replica starts another connector of the same name.
func (s *stack) replica() *servicetest.Process {
	s.t.Helper()
	env := maps.Clone(s.connectorEnv)
	env["ADDR"] = freeAddr(s.t)
	return servicetest.Start(s.t, "stripe-connector", env)
}

// freeAddr is a loopback address that stays the same when a service is started again.
func freeAddr(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf("127.0.0.1:%d", servicetest.FreePort(t))
}
