package session

import "context"

type contextKey struct{}

// With returns a context that carries who is logged in.
func With(ctx context.Context, s *Session) context.Context {
	return context.WithValue(ctx, contextKey{}, s)
}

// From returns who is logged in; false for nobody.
func From(ctx context.Context) (*Session, bool) {
	s, ok := ctx.Value(contextKey{}).(*Session)
	return s, ok
}
