// Package connect finds out which services to talk to, and with which API key.
package connect

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/cmd/datasync/internal/exit"
)

// The variables that settings are read from.
const (
	EnvURL        = "DATASYNC_URL"
	EnvConnectors = "DATASYNC_CONNECTORS"
	EnvKey        = "DATASYNC_API_KEY"
	EnvKeyFile    = "DATASYNC_API_KEY_FILE"
)

const (
	defaultURL       = "http://localhost:8000"
	defaultConnector = "http://localhost:8001"
)

// Flags are what the command line says; empty fields say nothing.
type Flags struct {
	URL        string
	Connectors []string
	KeyFile    string
	Timeout    time.Duration
}

// Value is a setting and where it comes from.
type Value struct {
	Name, Value, Source string
	Secret              bool
}

// Settings say which services to talk to.
type Settings struct {
	Catalog    string
	Connectors []string
	Keys       Keys
	Timeout    time.Duration
	Checkout   Checkout // of a local start; its zero value when there is none

	sources map[string]string
}

// Resolve reads the settings: flags before the environment, that before what `make up` wrote into .run of the checkout
// that dir is in, and that before the default ports of this machine.
func Resolve(flags Flags, getenv func(string) string, dir string) (Settings, error) {
	s := Settings{Timeout: flags.Timeout, sources: map[string]string{}, Checkout: find(dir)}
	s.Catalog = s.pick("url", EnvURL, flags.URL, getenv(EnvURL), s.Checkout.Value(EnvURL), defaultURL)
	connectors := s.pick("connectors", EnvConnectors, strings.Join(flags.Connectors, ","), getenv(EnvConnectors),
		s.Checkout.Value(EnvConnectors), defaultConnector)
	s.Connectors = split(connectors)
	if err := s.check(); err != nil {
		return Settings{}, err
	}
	if err := s.readKeys(flags, getenv); err != nil {
		return Settings{}, err
	}
	return s, s.Keys.check(len(s.Connectors))
}

// pick takes the first value that is there and notes where it comes from.
func (s *Settings) pick(flag, variable, fromFlag, fromEnv, fromRun, byDefault string) string {
	for _, one := range []struct{ value, source string }{
		{fromFlag, "--" + flag}, {fromEnv, variable}, {fromRun, s.Checkout.Dir}, {byDefault, "default"},
	} {
		if one.value != "" {
			s.sources[variable] = one.source
			return one.value
		}
	}
	return ""
}

func split(list string) []string {
	var kept []string
	for one := range strings.SplitSeq(list, ",") {
		if one = strings.TrimRight(strings.TrimSpace(one), "/"); one != "" {
			kept = append(kept, one)
		}
	}
	return kept
}

func (s *Settings) check() error {
	for _, one := range append([]string{s.Catalog}, s.Connectors...) {
		u, err := url.Parse(one)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return exit.New(exit.Usage, fmt.Sprintf("%q is not the URL of a service", one), "write it like "+defaultURL)
		}
	}
	return nil
}

// readKeys finds the API keys. That of a checkout is only sent to this machine, wherever the URLs come from.
func (s *Settings) readKeys(flags Flags, getenv func(string) string) (err error) {
	direct, file := getenv(EnvKey), getenv(EnvKeyFile)
	switch {
	case flags.KeyFile != "":
		s.sources[EnvKey] = "--api-key-file"
		return s.keysFrom(flags.KeyFile)
	case direct != "" && file != "":
		return exit.New(exit.Usage, EnvKey+" and "+EnvKeyFile+" are both set", "unset one of them")
	case direct != "":
		s.sources[EnvKey] = EnvKey
		s.Keys, err = parseKeys(direct)
	case file != "":
		s.sources[EnvKey] = EnvKeyFile
		return s.keysFrom(file)
	case s.Checkout.Dir != "" && s.local():
		s.sources[EnvKey] = s.Checkout.Dir
		s.Keys, err = parseKeys(s.Checkout.secret("api-key"))
	}
	return err
}

func (s *Settings) keysFrom(path string) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		if failed, ok := errors.AsType[*os.PathError](err); ok {
			err = failed.Err
		}
		return exit.Wrap(exit.Usage, err, fmt.Sprintf("the API key cannot be read from %s: %s", path, err), "name a file that holds nothing but the key, or a list of keys")
	}
	s.Keys, err = parseKeys(string(raw))
	return err
}

func (s *Settings) local() bool {
	for _, one := range append([]string{s.Catalog}, s.Connectors...) {
		u, err := url.Parse(one)
		if err != nil {
			return false
		}
		ip := net.ParseIP(u.Hostname())
		if u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return false
		}
	}
	return true
}

// Values returns the settings for a person to read, with the key masked.
func (s *Settings) Values() []Value {
	return []Value{
		{Name: EnvURL, Value: s.Catalog, Source: s.sources[EnvURL]},
		{Name: EnvConnectors, Value: strings.Join(s.Connectors, ","), Source: s.sources[EnvConnectors]},
		{Name: EnvKey, Value: s.Keys.masked(), Source: s.sources[EnvKey], Secret: true},
	}
}

// Mask keeps as much of a secret as tells it from others.
func Mask(secret string) string {
	const shown = 7
	if len(secret) < 2*shown {
		return strings.Repeat("*", len(secret))
	}
	return secret[:shown] + "..."
}
