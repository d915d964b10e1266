package endpoint

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/adminapi"
	"github.com/datasync-dev/datasync/pkg/connector"
)

// Register adds the operations on the webhook endpoint to the operators' API.
func (k *Keeper) Register(api *adminapi.API) {
	adminapi.Read(api, huma.Operation{
		OperationID: "getWebhookEndpoint", Method: http.MethodGet, Path: "/admin/v1/webhook-endpoint",
		Summary: "The connector's webhook endpoint at the remote, as it was seen last",
	}, func(ctx context.Context, _ *struct{}) (*adminapi.Output[admin.WebhookEndpoint], error) {
		seen, err := k.Seen(ctx)
		return &adminapi.Output[admin.WebhookEndpoint]{Body: seen}, err
	})
	// Its answer may hold a secret.
	adminapi.Manage(api, huma.Operation{
		OperationID: "ensureWebhookEndpoint", Method: http.MethodPut, Path: "/admin/v1/webhook-endpoint",
		Summary:     "Make the webhook endpoint, or adopt and repair the one that is there",
		Description: "Give the public address of this connector; without a path, the connector's own is added.",
		Errors:      []int{http.StatusConflict, http.StatusBadGateway},
	}, func(ctx context.Context, in *struct {
		Body struct {
			URL string `json:"url" doc:"public address of this connector" example:"https://sync.example.com"`
		}
	},
	) (*adminapi.Output[admin.WebhookEndpoint], error) {
		result, err := k.Ensure(ctx, in.Body.URL)
		if err != nil {
			return nil, refusal(err)
		}
		entry := admin.AuditEntry{Action: "webhook.ensure", Target: result.ID, Detail: map[string]any{"made": result.Secret != ""}}
		err = api.Act(ctx, entry, func(*gorm.DB, *admin.AuditEntry) error { return nil })
		return &adminapi.Output[admin.WebhookEndpoint]{Body: result}, err
	})
}

// refusal says what the caller can do about an error.
func refusal(err error) error {
	var failure *connector.Error
	switch {
	case errors.Is(err, ErrURL):
		return adminapi.Refuse(http.StatusUnprocessableEntity, "validation_failed", err.Error())
	case errors.Is(err, ErrBusy):
		return adminapi.Refuse(http.StatusConflict, "busy", err.Error())
	case errors.As(err, &failure):
		return adminapi.Refuse(http.StatusBadGateway, "remote_failed", err.Error())
	}
	return err
}
