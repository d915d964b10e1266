package backfill

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/adminapi"
	"github.com/datasync-dev/datasync/pkg/jobs"
)

// Register adds POST /admin/v1/backfill to the operators' API.
func Register(a *adminapi.API) {
	adminapi.Write(a, huma.Operation{
		OperationID: "backfill", Method: http.MethodPost, Path: "/admin/v1/backfill", DefaultStatus: http.StatusAccepted,
		Errors:  []int{http.StatusConflict},
		Summary: "Tell the connectors about every customer again",
		Description: "The first export of a catalog that was there before its connectors, or a repair of one that has lost its " +
			"database. With offer, no object is made at a remote for a customer that has none: a reconcile then matches " +
			"customers with the objects that are there already, and makes the others. Live work goes first.",
	}, func(ctx context.Context, in *struct{ Body admin.BackfillRequest }) (*adminapi.Accepted, error) {
		detail := map[string]any{"offer": in.Body.Offer, "rate": in.Body.Rate}
		return a.Begin(ctx, admin.AuditEntry{Action: "backfill", Detail: detail}, jobs.New{Kind: Kind, Args: in.Body, Alone: true})
	})
}
