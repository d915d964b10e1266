package openid

import (
	"errors"
	"fmt"
	"strings"

	"github.com/datasync-dev/datasync/services/console/internal/session"
)

// Roles says which value of a claim gives which role.
type Roles map[string]session.Role

// ParseRoles reads a comma-separated list, or lines, of value=role; the value may contain "=" itself. An error never
// contains a value: it may be somebody's address.
func ParseRoles(text string) (Roles, error) {
	roles := Roles{}
	var problems []error
	for i, entry := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' }) {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		if err := roles.add(entry); err != nil {
			problems = append(problems, fmt.Errorf("entry %d %w", i+1, err))
		}
	}
	return roles, errors.Join(problems...)
}

func (r Roles) add(entry string) error {
	at := max(strings.LastIndex(entry, "="), 0)
	value, name := strings.TrimSpace(entry[:at]), strings.TrimSpace(strings.TrimPrefix(entry[at:], "="))
	role, err := session.ParseRole(name)
	switch _, twice := r[value]; {
	case err != nil || value == "":
		return errors.New("must look like datasync-admins=admin, with the role viewer, operator or admin")
	case twice:
		return errors.New("maps what an entry before it maps; keep one of them")
	}
	r[value] = role
	return nil
}

// Highest is the highest role that the values give; false when they give none.
func (r Roles) Highest(values []string) (session.Role, bool) {
	role := session.Role(0)
	for _, value := range values {
		role = max(role, r[value])
	}
	return role, role != 0
}
