// Package auth holds the API keys of a service and lets HTTP requests in by them.
package auth

import (
	"context"
	"slices"
)

// Scope is something that a key may be used for.
type Scope string

// The scopes. Personal data is shown to CustomersRead and Admin only, not to those who merely operate the service.
const (
	CustomersRead  Scope = "customers:read"
	CustomersWrite Scope = "customers:write"
	AdminRead      Scope = "admin:read"  // a viewer: the operators' API, without personal data
	AdminWrite     Scope = "admin:write" // an operator: its actions too
	Admin          Scope = "admin"       // everything: keys, erasure, and what the others may
)

// AllScopes returns every scope: what the first key of an installation gets.
func AllScopes() []Scope { return []Scope{CustomersRead, CustomersWrite, AdminRead, AdminWrite, Admin} }

// Known reports whether there is such a scope.
func (s Scope) Known() bool { return slices.Contains(AllScopes(), s) }

// covers reports whether a key that has s may do what needs the other one.
func (s Scope) covers(needed Scope) bool {
	return s == needed || s == Admin || s == AdminWrite && needed == AdminRead
}

// Principal is who makes a request.
type Principal struct {
	KeyID  string
	Name   string // what the key's owner called it
	Scopes []Scope
}

// Can reports whether the principal may do what needs this scope.
func (p Principal) Can(scope Scope) bool {
	return slices.ContainsFunc(p.Scopes, func(s Scope) bool { return s.covers(scope) })
}

type principalKey struct{}

// WithPrincipal returns a context that carries who makes the request.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// From returns who makes the request; false when nobody was let in.
func From(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(principalKey{}).(Principal)
	return p, ok
}
