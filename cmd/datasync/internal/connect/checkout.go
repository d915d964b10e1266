package connect

import (
	"os"
	"path/filepath"
	"strings"
)

// Checkout is what a local start (make up, make run) left in a clone of the project.
type Checkout struct {
	Dir string // the clone's .run; empty when there is none

	values map[string]string
}

// find looks for a .run with an API key in dir and the directories above it.
func find(dir string) Checkout {
	for {
		run := filepath.Join(dir, ".run")
		if _, err := os.Stat(filepath.Join(run, "api-key")); err == nil {
			return Checkout{Dir: run, values: read(filepath.Join(run, "datasync.env"))}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return Checkout{}
		}
		dir = parent
	}
}

// read reads lines of NAME=value; a file that is not there has none.
func read(path string) map[string]string {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	values := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			values[name] = value
		}
	}
	return values
}

// Value returns a setting of the local start; "" when it is not there.
func (c Checkout) Value(name string) string { return c.values[name] }

// secret returns the content of a file that holds one secret; "" when it is not there.
func (c Checkout) secret(file string) string {
	if c.Dir == "" {
		return ""
	}
	raw, err := os.ReadFile(filepath.Join(c.Dir, file))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(raw))
}

// WebhookSecret returns the secret that signs the webhooks of the local start; "" when it is not there.
func (c Checkout) WebhookSecret() string { return c.secret("stripe-webhook-secret") }

// StripeKey returns the API key of the local start's simulator; "" when it is not there.
func (c Checkout) StripeKey() string { return c.secret("stripe-api-key") }
