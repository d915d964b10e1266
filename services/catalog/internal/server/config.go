// Package server puts the catalog together: configuration, database, broker, API, and the order in which they start and
// stop.
package server

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/record"
	"github.com/datasync-dev/datasync/services/catalog/internal/inbound"
)

// Config is the catalog's configuration, read from the environment. Every NAME can also be given as NAME_FILE.
type Config struct {
	Addr            string        `env:"ADDR" envDefault:"127.0.0.1:8000"`
	LogLevel        string        `env:"LOG_LEVEL" envDefault:"info"`
	LogFormat       string        `env:"LOG_FORMAT" envDefault:"text"`
	ShutdownTimeout time.Duration `env:"SHUTDOWN_TIMEOUT" envDefault:"15s"`
	DebugAddr       string        `env:"DEBUG_ADDR"` // serves profiles, on loopback alone; empty: none

	DatabaseURL    string `env:"DATABASE_URL,required,notEmpty"`
	DatabaseSchema string `env:"DATABASE_SCHEMA" envDefault:"catalog"`
	AMQPURL        string `env:"AMQP_URL" envDefault:"amqp://guest:guest@localhost:5672/"`

	BootstrapAPIKey string `env:"BOOTSTRAP_API_KEY"` // a key with every scope that must exist; without one, the first is made

	Limits auth.Limits

	Remotes              []string `env:"REMOTES" envDefault:"stripe"`
	ConflictPolicy       string   `env:"CONFLICT_POLICY" envDefault:"newest"` // catalog, remote or newest
	ConflictPolicyFields string   `env:"CONFLICT_POLICY_FIELDS"`              // exceptions, like email=catalog,phone=remote
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
	for _, remote := range c.Remotes {
		if remote == "" || strings.TrimSpace(remote) != remote || strings.Contains(remote, ".") {
			problems = append(problems, fmt.Errorf("REMOTES: %q is not the name of a connector; write it like stripe,salesforce", remote))
		}
	}
	return errors.Join(append(problems, c.Limits.Check())...)
}
