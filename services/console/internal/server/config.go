// Package server runs the console as a service: configuration, HTTP, and the order in which its parts stop.
package server

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/services/console/internal/openid"
	"github.com/datasync-dev/datasync/services/console/internal/session"
	"github.com/datasync-dev/datasync/services/console/internal/upstream"
)

// Config is the console's configuration, read from the environment. Every NAME can also be given as NAME_FILE.
type Config struct {
	Addr            string        `env:"ADDR" envDefault:"127.0.0.1:5555" doc:"address to listen at"`
	LogLevel        string        `env:"LOG_LEVEL" envDefault:"info" doc:"debug, info, warn or error"`
	LogFormat       string        `env:"LOG_FORMAT" envDefault:"text" doc:"text or json"`
	ShutdownTimeout time.Duration `env:"SHUTDOWN_TIMEOUT" envDefault:"15s" doc:"how long a stop may take"`

	CatalogURL    string   `env:"CATALOG_URL" envDefault:"http://127.0.0.1:8000" doc:"the catalog"`
	CatalogAPIKey string   `env:"CATALOG_API_KEY,required,notEmpty" secret:"true" doc:"a key of the catalog with the scope admin"`
	Connectors    []string `env:"CONNECTORS" envDefault:"stripe=http://127.0.0.1:8001" doc:"names and addresses of connectors"`
	ConnectorKey  string   `env:"CONNECTOR_API_KEY" secret:"true" doc:"a key of the connectors with the scope admin; empty: the catalog's"`

	Auth            string        `env:"CONSOLE_AUTH" envDefault:"on" doc:"off: everybody on this machine is admin; refused when others can reach ADDR"`
	Users           string        `env:"CONSOLE_USERS" secret:"true" doc:"who may log in by name and password: name:role:bcrypt-hash, separated by commas or, in a file, one to a line; htpasswd -nbB makes a hash"`
	SessionLifetime time.Duration `env:"SESSION_LIFETIME" envDefault:"12h" doc:"after that one logs in again, and is back where one was"`
	PublicURL       string        `env:"PUBLIC_URL" doc:"how browsers reach the console; with https its cookies are sent by https only"`
	LoginLinkFile   string        `env:"LOGIN_LINK_FILE" doc:"where to keep a link that logs in once as admin; when it is used, the next one takes its place"`

	OIDCIssuer       string `env:"OIDC_ISSUER" doc:"OpenID Connect provider that people may log in by, such as https://accounts.example.com; empty: none"`
	OIDCClientID     string `env:"OIDC_CLIENT_ID" doc:"the console's id at the provider, registered with the redirect address PUBLIC_URL + /login/oidc/callback"`
	OIDCClientSecret string `env:"OIDC_CLIENT_SECRET" secret:"true" doc:"its secret; empty: a public client, which proves itself by PKCE alone"`
	OIDCName         string `env:"OIDC_NAME" envDefault:"single sign-on" doc:"what the log-in page calls the provider"`
	OIDCRoleClaim    string `env:"OIDC_ROLE_CLAIM" envDefault:"groups" doc:"what the provider says about a person that gives the role: a string or a list of strings; email counts only when it is verified"`
	OIDCRoles        string `env:"OIDC_ROLES" doc:"which value of it gives which role: value=role, separated by commas or, in a file, one to a line; the highest counts, without one nobody is let in"`

	AlertWebhook string        `env:"ALERT_WEBHOOK_URL" secret:"true" doc:"gets {\"text\": \"...\"} when a person is needed, as Slack's incoming webhooks do; empty: nobody is told"`
	AlertMemory  string        `env:"ALERT_MEMORY_FILE" doc:"file that keeps which problems were told, so that a restart does not tell them again; empty: it does"`
	AlertSilence time.Duration `env:"ALERT_AFTER_WEBHOOK_SILENCE" envDefault:"24h" doc:"how long no webhook may come before that is told"`

	users      session.Users
	roles      openid.Roles
	connectors []upstream.Address
}

// Check implements service.Checker.
func (c *Config) Check() error {
	problems := []error{checkURL("CATALOG_URL", c.CatalogURL), c.checkConnectors(), c.checkAuth(), c.checkPublicURL(), c.checkProvider(), c.checkAlerts()}
	var err error
	if c.users, err = session.ParseUsers(c.Users); err != nil {
		problems = append(problems, fmt.Errorf("CONSOLE_USERS: %s", strings.ReplaceAll(err.Error(), "\n", "; ")))
	}
	if c.SessionLifetime <= 0 {
		problems = append(problems, errors.New("SESSION_LIFETIME: must be above 0"))
	}
	return errors.Join(problems...)
}

func (c *Config) checkConnectors() error {
	key := c.ConnectorKey
	if key == "" {
		key = c.CatalogAPIKey
	}
	seen := map[string]bool{"catalog": true}
	for _, entry := range c.Connectors {
		name, at, ok := strings.Cut(strings.TrimSpace(entry), "=")
		if !ok || name == "" || seen[name] || checkURL("", at) != nil {
			return errors.New("CONNECTORS: must look like stripe=http://127.0.0.1:8001, comma-separated, each name once")
		}
		seen[name] = true
		c.connectors = append(c.connectors, upstream.Address{Name: name, URL: at, Key: key})
	}
	return nil
}

// checkAuth keeps customers' data from whoever can reach the port.
func (c *Config) checkAuth() error {
	switch {
	case c.Auth != "on" && c.Auth != "off":
		return errors.New("CONSOLE_AUTH: must be on or off")
	case c.Auth == "off" && !loopback(c.Addr):
		return errors.New("CONSOLE_AUTH: can be off only when ADDR is on this machine alone, such as 127.0.0.1:5555")
	}
	return nil
}

func (c *Config) checkAlerts() error {
	switch {
	case c.AlertWebhook != "" && checkURL("", c.AlertWebhook) != nil: // the address is a secret: it is not in the message
		return errors.New("ALERT_WEBHOOK_URL: is not a complete URL such as https://hooks.slack.com/services/T0/B0/x")
	case c.AlertSilence <= 0:
		return errors.New("ALERT_AFTER_WEBHOOK_SILENCE: must be above 0")
	}
	return nil
}

func (c *Config) checkPublicURL() error {
	if c.PublicURL == "" {
		return nil
	}
	return checkURL("PUBLIC_URL", c.PublicURL)
}

func checkURL(name, text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%s: is not a complete http or https URL", name)
	}
	return nil
}

func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && localName(host)
}

func localName(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// base is the console's own address, for links.
func (c *Config) base() string {
	if c.PublicURL != "" {
		return strings.TrimSuffix(c.PublicURL, "/")
	}
	_, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return "http://" + c.Addr
	}
	return "http://localhost:" + port
}
