package adminapi

import (
	"context"
	"strings"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/auth"
)

type personKey struct{}

// maxPerson is how much of the name of a person is kept.
const maxPerson = 100

// person takes the name of the person whom the client acts for from the request.
func person(ctx huma.Context, next func(huma.Context)) {
	name := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, ctx.Header(admin.ActorHeader))
	if name != "" {
		ctx = huma.WithValue(ctx, personKey{}, strings.ToValidUTF8(name[:min(len(name), maxPerson)], ""))
	}
	next(ctx)
}

// Actor is who makes the request: the name of the API key, and of the person whom its client acts for, if it says so.
func Actor(ctx context.Context) string {
	principal, _ := auth.From(ctx)
	if name, ok := ctx.Value(personKey{}).(string); ok {
		return principal.Name + " (" + name + ")"
	}
	return principal.Name
}
