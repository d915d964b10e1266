// Package server runs the simulator as a service: configuration, HTTP, and the order in which its parts stop.
package server

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/knobs"
)

// Config is the simulator's configuration, read from the environment. Every NAME can also be given as NAME_FILE.
type Config struct {
	Addr            string        `env:"ADDR" envDefault:"127.0.0.1:12111" doc:"address to listen at"`
	LogLevel        string        `env:"LOG_LEVEL" envDefault:"info" doc:"debug, info, warn or error"`
	LogFormat       string        `env:"LOG_FORMAT" envDefault:"text" doc:"text or json"`
	ShutdownTimeout time.Duration `env:"SHUTDOWN_TIMEOUT" envDefault:"15s" doc:"how long a stop may take"`
	DebugAddr       string        `env:"DEBUG_ADDR" doc:"serves profiles, on loopback alone; empty: none"`

	Keys           []string `env:"STRIPE_API_KEY" secret:"true" doc:"accepted keys; none: every well-formed one. The dashboard shows the first one's mode"`
	WebhookURL     string   `env:"WEBHOOK_URL" doc:"an endpoint that is there from the start"`
	WebhookSecrets []string `env:"STRIPE_WEBHOOK_SECRET" secret:"true" doc:"secrets that sign its deliveries, all of them"`
	WebhookEvents  []string `env:"WEBHOOK_EVENTS" envDefault:"customer.created,customer.updated,customer.deleted" doc:"event types that it gets"`
	StateFile      string   `env:"STATE_FILE" doc:"keeps the state over a restart"`
	ControlFrom    string   `env:"CONTROL_FROM" envDefault:"loopback" doc:"any: control API and dashboard answer other machines too"`

	RateLimit         float64 `env:"SIMULATOR_RATE_LIMIT" envDefault:"0" doc:"calls per second of the account (knob account_limit); 0: no limit"`
	EndpointRateLimit float64 `env:"SIMULATOR_ENDPOINT_RATE_LIMIT" envDefault:"0" doc:"calls per second of one endpoint (knob endpoint_limit); 0: no limit"`
}

// Check returns everything that is wrong.
func (c *Config) Check() error {
	var problems []error
	c.Keys, c.WebhookSecrets, c.WebhookEvents = trimmed(c.Keys), trimmed(c.WebhookSecrets), trimmed(c.WebhookEvents)
	for _, key := range c.Keys {
		if !strings.Contains(key, "_test_") && !strings.Contains(key, "_live_") {
			problems = append(problems, errors.New("STRIPE_API_KEY: every key must look like sk_test_... or sk_live_..., as Stripe's do"))
			break
		}
	}
	if u, err := url.Parse(c.WebhookURL); c.WebhookURL != "" && (err != nil || u.Host == "" || !strings.HasPrefix(u.Scheme, "http")) {
		problems = append(problems, errors.New("WEBHOOK_URL: is not a complete http or https URL, such as http://127.0.0.1:8001/webhooks/stripe"))
	}
	if c.WebhookURL != "" && len(c.WebhookSecrets) == 0 {
		problems = append(problems, errors.New("STRIPE_WEBHOOK_SECRET: is not set; WEBHOOK_URL needs the secret that its receiver knows"))
	}
	if c.ControlFrom != "loopback" && c.ControlFrom != "any" {
		problems = append(problems, fmt.Errorf("CONTROL_FROM: is %q, but must be loopback or any", c.ControlFrom))
	}
	if c.RateLimit < 0 {
		problems = append(problems, errors.New("SIMULATOR_RATE_LIMIT: must not be negative; 0 is no limit"))
	}
	if c.EndpointRateLimit < 0 {
		problems = append(problems, errors.New("SIMULATOR_ENDPOINT_RATE_LIMIT: must not be negative; 0 is no limit"))
	}
	return errors.Join(problems...)
}

func trimmed(list []string) []string {
	var out []string
	for _, one := range list {
		if one = strings.TrimSpace(one); one != "" {
			out = append(out, one)
		}
	}
	return out
}

func (c *Config) knobs() knobs.Settings {
	k := knobs.Defaults()
	k.AccountLimit, k.EndpointLimit = c.RateLimit, c.EndpointRateLimit
	return k
}
