package server

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/datasync-dev/datasync/pkg/service"
	"github.com/datasync-dev/datasync/services/console/internal/login"
	"github.com/datasync-dev/datasync/services/console/internal/openid"
)

// provider is where people log in, when one is configured.
func provider(config *Config) (*openid.Provider, error) {
	return openid.New(openid.Options{
		Name: config.OIDCName, Issuer: config.OIDCIssuer, ClientID: config.OIDCClientID, Secret: config.OIDCClientSecret,
		Redirect: config.base() + login.CallbackPath, Claim: config.OIDCRoleClaim, Roles: config.roles,
	})
}

func (c *Config) checkProvider() error {
	if c.OIDCIssuer == "" {
		return c.checkNoProvider()
	}
	problems := []error{checkIssuer(c.OIDCIssuer)}
	if c.OIDCClientID == "" {
		problems = append(problems, errors.New("OIDC_CLIENT_ID: is not set; register the console at the provider, which gives it an id"))
	}
	if c.PublicURL == "" && !loopback(c.Addr) {
		problems = append(problems, errors.New("PUBLIC_URL: is not set; with OIDC_ISSUER the provider sends people back there"))
	}
	var err error
	switch c.roles, err = openid.ParseRoles(c.OIDCRoles); {
	case err != nil:
		problems = append(problems, fmt.Errorf("OIDC_ROLES: %s", strings.ReplaceAll(err.Error(), "\n", "; ")))
	case len(c.roles) == 0:
		problems = append(problems, errors.New("OIDC_ROLES: is not set, so that nobody would be let in; map a value of OIDC_ROLE_CLAIM, such as datasync-admins=admin"))
	}
	return errors.Join(problems...)
}

// checkNoProvider finds settings of a provider that is not there: people would look for its button in vain.
func (c *Config) checkNoProvider() error {
	var problems []error
	for _, s := range service.Settings(*c) {
		if strings.HasPrefix(s.Name, "OIDC_") && s.Value != s.Default {
			problems = append(problems, fmt.Errorf("%s: does nothing without OIDC_ISSUER; set that too, or unset this", s.Name))
		}
	}
	return errors.Join(problems...)
}

// checkIssuer wants https: whoever can change what a provider says can be anybody here.
func checkIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	switch {
	case err != nil || checkURL("", issuer) != nil || u.User != nil || u.RawQuery+u.Fragment != "":
		return errors.New("OIDC_ISSUER: is not a complete URL such as https://accounts.example.com; take it from the provider's discovery document as it stands there")
	case u.Scheme != "https" && !localName(u.Hostname()):
		return errors.New("OIDC_ISSUER: must be https, unless the provider is on this machine")
	}
	return nil
}
