// Package auth holds the API keys of a service and lets HTTP requests in by them.
package auth

import (
	"context"
	"slices"
)

// Scope is something that a key may be used for.
type Scope string

// The scopes. Admin covers every other one.
const (
	CustomersRead  Scope = "customers:read"
	CustomersWrite Scope = "customers:write"
	Admin          Scope = "admin"
)

// AllScopes returns every scope: what the first key of an installation gets.
func AllScopes() []Scope { return []Scope{CustomersRead, CustomersWrite, Admin} }

// Principal is who makes a request.
type Principal struct {
	KeyID  string
	Name   string // what the key's owner called it
	Scopes []Scope
}

// Can reports whether the principal may do what needs this scope.
func (p Principal) Can(scope Scope) bool {
	return slices.Contains(p.Scopes, scope) || slices.Contains(p.Scopes, Admin)
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
