package openid

import (
	"cmp"
	"fmt"

	"github.com/datasync-dev/datasync/services/console/internal/session"
)

// emailClaim is the claim that is worth something only when another one, email_verified, says so.
const emailClaim = "email"

// maxName is how much of a name is kept: it is in the audit of the services.
const maxName = 100

// claims is what the provider says about somebody.
type claims map[string]any

// name is what to call somebody. An address that nobody verified could be anybody's: it names nobody.
func (c claims) name() string {
	email := ""
	if c.verified() {
		email = c.text(emailClaim)
	}
	return cmp.Or(c.text("preferred_username"), email, c.text("sub"))
}

func (c claims) text(name string) string {
	text, _ := c[name].(string)
	return plain(text, maxName)
}

// all are the values of a claim that is a string or a list of strings.
func (c claims) all(name string) []string {
	switch value := c[name].(type) {
	case string:
		return []string{value}
	case []any:
		var all []string
		for _, one := range value {
			if text, ok := one.(string); ok {
				all = append(all, text)
			}
		}
		return all
	}
	return nil
}

// verified reports whether the e-mail address is; some providers say so in a string.
func (c claims) verified() bool {
	return c["email_verified"] == true || c["email_verified"] == "true"
}

// role is what the person may do; an error says how much there was that gives no role, not what.
func (p *Provider) role(c claims) (session.Role, error) {
	values := c.all(p.o.Claim)
	if p.o.Claim == emailClaim && len(values) > 0 && !c.verified() {
		return 0, ErrUnverified
	}
	role, ok := p.o.Roles.Highest(values)
	if !ok {
		return 0, fmt.Errorf("%w: %d values of the claim %s, none of them mapped", ErrNoRole, len(values), p.o.Claim)
	}
	return role, nil
}
