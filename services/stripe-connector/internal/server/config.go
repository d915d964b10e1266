// Package server puts the connector together: configuration, database, broker, engine, webhooks, and the order in which
// they start and stop.
package server

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/tracing"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/endpoint"
)

// Config is the connector's configuration, read from the environment. Every NAME can also be given as NAME_FILE.
type Config struct {
	Addr            string        `env:"ADDR" envDefault:"127.0.0.1:8001" doc:"address to listen at"`
	LogLevel        string        `env:"LOG_LEVEL" envDefault:"info" doc:"debug, info, warn or error"`
	LogFormat       string        `env:"LOG_FORMAT" envDefault:"text" doc:"text or json"`
	ShutdownTimeout time.Duration `env:"SHUTDOWN_TIMEOUT" envDefault:"15s" doc:"how long a stop may take"`
	DebugAddr       string        `env:"DEBUG_ADDR" doc:"serves profiles, on loopback alone; empty: none"`
	Tracing         tracing.Config

	DatabaseURL    string `env:"DATABASE_URL,required" secret:"url" doc:"PostgreSQL; with sslmode=verify-full and sslrootcert the connection is encrypted and the server proven"`
	DatabaseSchema string `env:"DATABASE_SCHEMA" envDefault:"stripe_connector" doc:"schema with the tables of this service"`
	AMQPURL        string `env:"AMQP_URL" envDefault:"amqp://guest:guest@localhost:5672/" secret:"url" doc:"RabbitMQ; amqps:// encrypts, with cacertfile= for a CA of your own"`

	Name           string   `env:"CONNECTOR_NAME" envDefault:"stripe" doc:"names its queue, its messages and its marks at Stripe"`
	APIKey         string   `env:"STRIPE_API_KEY,required" secret:"true" doc:"secret (sk_...) or restricted (rk_...) key of the account"`
	WebhookSecrets []string `env:"STRIPE_WEBHOOK_SECRET" secret:"true" doc:"signing secrets of the webhook endpoint (whsec_...); several while they are rotated. None is needed when PUBLIC_URL is set"`
	PublicURL      string   `env:"PUBLIC_URL" doc:"address of this connector in the internet; set, the connector keeps its own webhook endpoint at Stripe for it"`
	APIURL         string   `env:"STRIPE_API_URL" envDefault:"https://api.stripe.com" doc:"where Stripe is"`

	BootstrapAPIKey string `env:"BOOTSTRAP_API_KEY" secret:"true" doc:"an API key with every scope that must exist, for the operators' API; without one, the first is made and shown once"`
	RabbitMQUI      string `env:"RABBITMQ_UI" doc:"address of RabbitMQ's management UI, for links; empty: none"`
	Limits          auth.Limits

	Workers           int                    `env:"WORKERS" envDefault:"3" doc:"calls to Stripe at the same time"`
	RateLimit         float64                `env:"RATE_LIMIT" envDefault:"0" doc:"calls per second; 0: by the key's mode, live 100, test 25"`
	EndpointRateLimit float64                `env:"ENDPOINT_RATE_LIMIT" envDefault:"0" doc:"calls per second of one endpoint; 0: 25"`
	CallTimeout       time.Duration          `env:"CALL_TIMEOUT" envDefault:"20s" doc:"how long one call to Stripe may take"`
	Lease             time.Duration          `env:"LEASE" envDefault:"30s" doc:"how long a worker owns a record; longer than CALL_TIMEOUT"`
	DeletePolicy      connector.DeletePolicy `env:"DELETE_POLICY" envDefault:"delete" doc:"what a delete in the catalog does at Stripe: delete, detach (keep it) or refuse (while money hangs on it)"`
	ErasePolicy       connector.ErasePolicy  `env:"ERASE_POLICY" envDefault:"delete" doc:"what an erasure in the catalog does at Stripe: delete (whatever DELETE_POLICY says) or keep (and never look at it again)"`
	SweepEvery        time.Duration          `env:"SWEEP_EVERY" envDefault:"168h" doc:"how often each customer is looked at without a reason, a few at a time; 0: never"`
}

const (
	maxWorkers     = connector.MaxWorkers
	maxRate        = 100_000
	minCallTimeout = time.Second
	minSweep       = time.Minute
)

// Check implements service.Checker: it returns everything that is wrong and fills in what depends on the key.
func (c *Config) Check() error {
	c.WebhookSecrets = trim(c.WebhookSecrets)
	return errors.Join(c.checkKey(), c.checkSecrets(), c.checkURL(), c.checkPublicURL(), c.checkName(), c.checkNumbers(), c.checkTimes(), c.checkPolicy(), c.checkOperators(), c.Limits.Check(), c.Tracing.Check())
}

func trim(list []string) []string {
	var kept []string
	for _, one := range list {
		if one = strings.TrimSpace(one); one != "" {
			kept = append(kept, one)
		}
	}
	return kept
}

// checkKey looks at the shape alone; only Stripe knows whether the key works.
func (c *Config) checkKey() error {
	switch {
	case c.APIKey == "": // reported as missing
		return nil
	case strings.HasPrefix(c.APIKey, "pk_"):
		return errors.New("STRIPE_API_KEY: is a publishable key; use a secret key (sk_...) or a restricted one (rk_...)")
	case !strings.HasPrefix(c.APIKey, "sk_") && !strings.HasPrefix(c.APIKey, "rk_"):
		return errors.New("STRIPE_API_KEY: must begin with sk_ or rk_; copy it from https://dashboard.stripe.com/apikeys")
	case strings.ContainsAny(c.APIKey, " \t\r\n"):
		return errors.New("STRIPE_API_KEY: must not contain spaces or line breaks")
	}
	return nil
}

// Livemode tells whether the key is for live mode.
func (c *Config) Livemode() bool {
	return strings.HasPrefix(c.APIKey, "sk_live_") || strings.HasPrefix(c.APIKey, "rk_live_")
}

func (c *Config) checkSecrets() error {
	if len(c.WebhookSecrets) == 0 && c.PublicURL == "" {
		return errors.New("STRIPE_WEBHOOK_SECRET: is not set; set the signing secret of the webhook endpoint (whsec_...), " +
			"or PUBLIC_URL for the connector to make an endpoint of its own")
	}
	for _, secret := range c.WebhookSecrets {
		if strings.HasPrefix(secret, "sk_") || strings.HasPrefix(secret, "rk_") || strings.HasPrefix(secret, "we_") {
			return errors.New("STRIPE_WEBHOOK_SECRET: is an API key or the id of an endpoint; use the signing secret (whsec_...)")
		}
	}
	return nil
}

func (c *Config) checkPublicURL() error {
	if c.PublicURL == "" {
		return nil
	}
	if _, err := endpoint.Address(c.PublicURL, c.Livemode()); err != nil {
		return fmt.Errorf("PUBLIC_URL: %w", err)
	}
	return nil
}

// checkURL keeps a live key, and customers' data, from travelling in the clear.
func (c *Config) checkURL() error {
	u, err := url.Parse(c.APIURL)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		return errors.New("STRIPE_API_URL: is not a complete URL such as https://api.stripe.com")
	case c.Livemode() && u.Scheme == "http" && !loopback(u.Hostname()):
		return errors.New("STRIPE_API_URL: must begin with https:// when STRIPE_API_KEY is a live key")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

const stripeAPI = "https://api.stripe.com"

var name = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

func (c *Config) checkName() error {
	if !name.MatchString(c.Name) {
		return errors.New("CONNECTOR_NAME: must be a short name of lowercase letters, digits and dashes, such as stripe or stripe-eu")
	}
	return nil
}

// minBootstrapKey keeps operators from a key that can be guessed.
const minBootstrapKey = 16

func (c *Config) checkOperators() error {
	if c.BootstrapAPIKey != "" && len(c.BootstrapAPIKey) < minBootstrapKey {
		return fmt.Errorf("BOOTSTRAP_API_KEY: is shorter than %d characters; use a long random one", minBootstrapKey)
	}
	if c.RabbitMQUI == "" {
		return nil
	}
	if u, err := url.Parse(c.RabbitMQUI); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return errors.New("RABBITMQ_UI: is not a complete URL such as http://localhost:15672")
	}
	return nil
}

func (c *Config) checkNumbers() error {
	var problems []error
	if c.Workers < 1 || c.Workers > maxWorkers {
		problems = append(problems, fmt.Errorf("WORKERS: must be from 1 to %d", maxWorkers))
	}
	if !(c.RateLimit >= 0 && c.RateLimit <= maxRate) {
		problems = append(problems, errors.New("RATE_LIMIT: must be calls per second, or 0 for the limit of the key's mode"))
	}
	if !(c.EndpointRateLimit >= 0 && c.EndpointRateLimit <= maxRate) {
		problems = append(problems, errors.New("ENDPOINT_RATE_LIMIT: must be calls per second, or 0 for 25"))
	}
	return errors.Join(problems...)
}

func (c *Config) checkTimes() error {
	var problems []error
	if c.CallTimeout < minCallTimeout {
		problems = append(problems, fmt.Errorf("CALL_TIMEOUT: must be at least %s", minCallTimeout))
	}
	if c.Lease <= c.CallTimeout {
		problems = append(problems, errors.New("LEASE: must be longer than CALL_TIMEOUT, or two workers would hold one record"))
	}
	if c.SweepEvery != 0 && c.SweepEvery < minSweep {
		problems = append(problems, fmt.Errorf("SWEEP_EVERY: must be at least %s, or 0 to switch the sweep off", minSweep))
	}
	if c.ShutdownTimeout <= 0 {
		problems = append(problems, errors.New("SHUTDOWN_TIMEOUT: must be above 0"))
	}
	return errors.Join(problems...)
}

func (c *Config) checkPolicy() error {
	if c.ErasePolicy != connector.EraseDelete && c.ErasePolicy != connector.EraseKeep {
		return errors.New("ERASE_POLICY: must be delete or keep")
	}
	switch c.DeletePolicy {
	case connector.DeleteAlways, connector.DeleteDetach, connector.DeleteRefuse:
		return nil
	}
	return errors.New("DELETE_POLICY: must be delete, detach or refuse")
}

// The limits of Stripe's documentation, in calls per second.
const (
	liveRate     = 100
	testRate     = 25
	endpointRate = 25
)

func (c *Config) rates() (account, endpoint float64) {
	account, endpoint = c.RateLimit, c.EndpointRateLimit
	if account == 0 {
		account = testRate
		if c.Livemode() {
			account = liveRate
		}
	}
	if endpoint == 0 {
		endpoint = endpointRate
	}
	return account, endpoint
}
