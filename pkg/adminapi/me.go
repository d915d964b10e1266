package adminapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/auth"
)

func (a *API) registerMe() {
	open(a, huma.Operation{
		OperationID: "getMe", Method: http.MethodGet, Path: "/admin/v1/me", Summary: "Whose API key this is, and what it may do",
		Description: "For every valid key.", Security: []map[string][]string{{security: {}}},
	}, func(ctx context.Context, _ *struct{}) (*Output[admin.Me], error) {
		principal, _ := auth.From(ctx)
		me := admin.Me{ID: principal.KeyID, Name: principal.Name, Scopes: []string{}}
		for _, scope := range principal.Scopes {
			me.Scopes = append(me.Scopes, string(scope))
		}
		return output(me, nil)
	})
}
