package auth

import (
	"errors"
	"fmt"

	"github.com/datasync-dev/datasync/pkg/throttle"
)

// Limits is the configuration of a Gate, for a service to embed in its own.
type Limits struct {
	RequestRate    float64  `env:"REQUEST_RATE_LIMIT" envDefault:"1000" doc:"requests per second of one API key; 0: no limit"`
	WrongKeys      int      `env:"WRONG_KEY_LIMIT" envDefault:"60" doc:"wrong API keys per minute from one address; 0: no limit"`
	TrustedProxies []string `env:"TRUSTED_PROXIES" doc:"networks of proxies whose X-Forwarded-For is believed, like 10.0.0.0/8"`
}

// remembered is how many client addresses that sent wrong keys are kept in memory, some 2 MB.
const remembered = 10_000

// Check returns everything that is wrong, as service.Checker wants it.
func (l Limits) Check() error {
	var problems []error
	if !(l.RequestRate >= 0 && l.RequestRate <= 1e6) {
		problems = append(problems, errors.New("REQUEST_RATE_LIMIT: must be requests per second of one API key, or 0 for no limit"))
	}
	if l.WrongKeys < 0 || l.WrongKeys > 1e6 {
		problems = append(problems, errors.New("WRONG_KEY_LIMIT: must be wrong API keys per minute of one address, or 0 for no limit"))
	}
	if _, err := throttle.ParseProxies(l.TrustedProxies); err != nil {
		problems = append(problems, fmt.Errorf("TRUSTED_PROXIES: %w", err))
	}
	return errors.Join(problems...)
}

// Gate returns the gate to the owners of keys. Check must have returned nil.
func (l Limits) Gate(keys Authenticator) *Gate {
	gate := &Gate{Keys: keys, Requests: throttle.NewRequests(l.RequestRate)}
	gate.Clients.Proxies, _ = throttle.ParseProxies(l.TrustedProxies) // checked
	if l.WrongKeys > 0 {
		gate.Failures = throttle.NewFailures(l.WrongKeys, float64(l.WrongKeys), remembered)
	}
	return gate
}
