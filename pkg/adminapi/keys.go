package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/auth"
)

func (a *API) registerKeys() {
	Manage(a, huma.Operation{
		OperationID: "listKeys", Method: http.MethodGet, Path: "/admin/v1/keys", Summary: "The API keys, newest first",
	}, a.keys)
	Manage(a, huma.Operation{
		OperationID: "createKey", Method: http.MethodPost, Path: "/admin/v1/keys", DefaultStatus: http.StatusCreated,
		Summary: "Make an API key", Description: "Its secret is in this answer and cannot be had again.",
	}, a.createKey)
	Manage(a, huma.Operation{
		OperationID: "rotateKey", Method: http.MethodPost, Path: "/admin/v1/keys/{id}/rotate",
		Errors:  []int{http.StatusNotFound, http.StatusConflict},
		Summary: "Give an API key a new secret", Description: "The old one works on for the overlap.",
	}, a.rotateKey)
	Manage(a, huma.Operation{
		OperationID: "revokeKey", Method: http.MethodDelete, Path: "/admin/v1/keys/{id}", DefaultStatus: http.StatusNoContent,
		Errors: []int{http.StatusNotFound, http.StatusConflict}, Summary: "End an API key within seconds",
	}, a.revokeKey)
}

func (a *API) keys(ctx context.Context, _ *struct{}) (*Output[admin.List[admin.Key]], error) {
	keys, err := a.Keys.List(ctx)
	return output(whole(keys), err)
}

// changeKey does something to a key and notes it in the audit, in one transaction.
func (a *API) changeKey(ctx context.Context, entry admin.AuditEntry, do func(keys *auth.Keys) (admin.Key, error)) (*Output[admin.Key], error) {
	var key admin.Key
	err := a.Act(ctx, entry, func(tx *gorm.DB, entry *admin.AuditEntry) (err error) {
		key, err = do(a.Keys.In(tx))
		entry.Target = key.ID
		if entry.Detail == nil {
			entry.Detail = map[string]any{}
		}
		entry.Detail["name"] = key.Name
		return err
	})
	a.Keys.Forget() // only now does everybody see what was changed
	return output(key, err)
}

func (a *API) createKey(ctx context.Context, in *struct{ Body admin.KeyRequest }) (*Output[admin.Key], error) {
	entry := admin.AuditEntry{Action: "key.create", Detail: map[string]any{"scopes": in.Body.Scopes}}
	return a.changeKey(ctx, entry, func(keys *auth.Keys) (admin.Key, error) { return keys.Create(ctx, in.Body) })
}

func (a *API) rotateKey(ctx context.Context, in *struct {
	ID
	Body admin.RotateRequest
},
) (*Output[admin.Key], error) {
	entry := admin.AuditEntry{Action: "key.rotate", Detail: map[string]any{"overlap_seconds": in.Body.OverlapSeconds}}
	return a.changeKey(ctx, entry, func(keys *auth.Keys) (admin.Key, error) {
		return keys.Rotate(ctx, in.ID.ID, time.Duration(in.Body.OverlapSeconds)*time.Second)
	})
}

func (a *API) revokeKey(ctx context.Context, in *ID) (*struct{}, error) {
	err := a.Act(ctx, admin.AuditEntry{Action: "key.revoke", Target: in.ID}, func(tx *gorm.DB, _ *admin.AuditEntry) error {
		return a.Keys.In(tx).Revoke(ctx, in.ID)
	})
	a.Keys.Forget()
	return nil, err
}
