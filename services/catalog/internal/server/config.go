// Package server puts the catalog together: configuration, database, broker, API, and the order in which they start and
// stop.
package server

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/pkg/tracing"
	"github.com/datasync-dev/datasync/services/catalog/internal/inbound"
)

// Config is the catalog's configuration, read from the environment. Every NAME can also be given as NAME_FILE.
type Config struct {
	Addr            string        `env:"ADDR" envDefault:"127.0.0.1:8000" doc:"address to listen at"`
	LogLevel        string        `env:"LOG_LEVEL" envDefault:"info" doc:"debug, info, warn or error"`
	LogFormat       string        `env:"LOG_FORMAT" envDefault:"text" doc:"text or json"`
	ShutdownTimeout time.Duration `env:"SHUTDOWN_TIMEOUT" envDefault:"15s" doc:"how long a stop may take"`
	DebugAddr       string        `env:"DEBUG_ADDR" doc:"serves profiles, on loopback alone; empty: none"`
	Tracing         tracing.Config

	DatabaseURL    string `env:"DATABASE_URL,required,notEmpty" secret:"url" doc:"PostgreSQL; with sslmode=verify-full and sslrootcert the connection is encrypted and the server proven"`
	DatabaseSchema string `env:"DATABASE_SCHEMA" envDefault:"catalog" doc:"schema with the tables of this service"`
	AMQPURL        string `env:"AMQP_URL" envDefault:"amqp://guest:guest@localhost:5672/" secret:"url" doc:"RabbitMQ; amqps:// encrypts, with cacertfile= for a CA of your own"`

	RabbitMQUI string `env:"RABBITMQ_UI" doc:"address of RabbitMQ's management UI, for links; empty: none"`

	BootstrapAPIKey string `env:"BOOTSTRAP_API_KEY" secret:"true" doc:"an API key with every scope that must exist; without one, the first is made and shown once"`

	Limits auth.Limits

	Remotes              []string `env:"REMOTES" envDefault:"stripe" doc:"names of the connectors"`
	ConflictPolicy       string   `env:"CONFLICT_POLICY" envDefault:"newest" doc:"whose value wins when both sides changed a field: catalog, remote, newest, or manual (both keep their own until an operator decides)"`
	ConflictPolicyFields string   `env:"CONFLICT_POLICY_FIELDS" doc:"exceptions by field, like email=catalog,phone=remote"`
}

// minBootstrapKey keeps operators from a key that can be guessed.
const minBootstrapKey = 16

// Check implements service.Checker.
func (c *Config) Check() error {
	var problems []error
	if _, err := inbound.ParsePolicies(c.ConflictPolicy, ""); err != nil {
		problems = append(problems, fmt.Errorf("CONFLICT_POLICY: %w", err))
	}
	if _, err := inbound.ParsePolicies(string(record.PolicyNewest), c.ConflictPolicyFields); err != nil {
		problems = append(problems, fmt.Errorf("CONFLICT_POLICY_FIELDS: %s", strings.ReplaceAll(err.Error(), "\n", "; ")))
	}
	if c.BootstrapAPIKey != "" && len(c.BootstrapAPIKey) < minBootstrapKey {
		problems = append(problems, fmt.Errorf("BOOTSTRAP_API_KEY: is shorter than %d characters; use a long random one", minBootstrapKey))
	}
	if u, err := url.Parse(c.RabbitMQUI); c.RabbitMQUI != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		problems = append(problems, errors.New("RABBITMQ_UI: is not a complete URL such as http://localhost:15672"))
	}
	for _, remote := range c.Remotes {
		if remote == "" || strings.TrimSpace(remote) != remote || strings.Contains(remote, ".") {
			problems = append(problems, fmt.Errorf("REMOTES: %q is not the name of a connector; write it like stripe,salesforce", remote))
		}
	}
	return errors.Join(append(problems, c.Limits.Check(), c.Tracing.Check())...)
}
