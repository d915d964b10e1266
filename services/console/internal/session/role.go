// Package session knows who is logged in to the console and what they may do.
package session

import "fmt"

// Role is what a person may do. Each role may do everything that the ones before it may.
type Role int

// The roles.
const (
	Viewer   Role = iota + 1 // sees everything but personal data other than names
	Operator                 // acts on the sync
	Admin                    // sees the configuration, makes and revokes keys
)

// ParseRole is the inverse of String.
func ParseRole(name string) (Role, error) {
	for _, r := range []Role{Viewer, Operator, Admin} {
		if r.String() == name {
			return r, nil
		}
	}
	return 0, fmt.Errorf("%q is not viewer, operator or admin", name)
}

// String returns the role's name.
func (r Role) String() string {
	switch r {
	case Viewer:
		return "viewer"
	case Operator:
		return "operator"
	case Admin:
		return "admin"
	}
	return "nobody"
}

// OfScopes is the role of somebody who logs in with an API key of these scopes; false when they open nothing here.
func OfScopes(scopes []string) (Role, bool) {
	role := Role(0)
	for _, s := range scopes {
		switch s {
		case "admin":
			role = max(role, Admin)
		case "admin:write":
			role = max(role, Operator)
		case "admin:read":
			role = max(role, Viewer)
		}
	}
	return role, role != 0
}
