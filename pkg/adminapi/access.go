package adminapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/ledger"
)

// require lets a request through when its key has the scope.
func (a *API) require(scope auth.Scope) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		principal, _ := auth.From(ctx.Context())
		if principal.Can(scope) {
			next(ctx)
			return
		}
		p := Refuse(http.StatusForbidden, "insufficient_scope", "The key lacks the scope "+string(scope)+"; use one that has it.")
		p.RequestID = a.RequestID(ctx.Context())
		body, err := json.Marshal(p)
		if err != nil {
			ctx.SetStatus(http.StatusInternalServerError)
			return
		}
		ctx.SetHeader("WWW-Authenticate", `Bearer realm="datasync", error="insufficient_scope", scope="`+string(scope)+`"`)
		ctx.SetHeader("Content-Type", problemContentType)
		ctx.SetStatus(p.Status)
		_, _ = ctx.BodyWriter().Write(body) // the client has gone if this fails
	}
}

// Personal reports whether whoever makes the request may see personal data.
func Personal(ctx context.Context) bool {
	principal, _ := auth.From(ctx)
	return principal.Can(auth.CustomersRead)
}

// Act does something that an operator asked for, and notes it in the audit, in one transaction. do may complete the
// entry, of which the actor is filled in; it must put no personal data into it.
func (a *API) Act(ctx context.Context, entry admin.AuditEntry, do func(tx *gorm.DB, entry *admin.AuditEntry) error) error {
	entry.Actor = Actor(ctx)
	return a.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := do(tx, &entry); err != nil {
			return err
		}
		return ledger.Audit(tx, entry)
	})
}

// hidden empties what is personal data in changes unless it may be seen.
func hidden(ctx context.Context, changes []admin.Change) {
	if Personal(ctx) {
		return
	}
	for i := range changes {
		changes[i].Fields = nil
		for j := range changes[i].Conflicts {
			changes[i].Conflicts[j].CatalogValue, changes[i].Conflicts[j].RemoteValue = "", ""
		}
	}
}
