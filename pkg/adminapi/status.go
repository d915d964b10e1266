package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/ledger"
)

func (a *API) registerStatus() {
	Read(a, huma.Operation{
		OperationID: "getStatus", Method: http.MethodGet, Path: "/admin/v1/status", Summary: "How the service is",
	}, a.status)
	Read(a, huma.Operation{
		OperationID: "listSeries", Method: http.MethodGet, Path: "/admin/v1/series",
		Summary: "What the service did, minute by minute, oldest first",
	}, a.series)
	Read(a, huma.Operation{
		OperationID: "listSettings", Method: http.MethodGet, Path: "/admin/v1/config",
		Summary: "The effective configuration, secrets masked",
	}, a.config)
	Read(a, huma.Operation{
		OperationID: "listAudit", Method: http.MethodGet, Path: "/admin/v1/audit", Summary: "What operators did, newest first",
	}, a.audit)
}

// statusTimeout is how long a status may take: it has to answer while something is wrong, too.
const statusTimeout = 5 * time.Second

func (a *API) status(ctx context.Context, _ *struct{}) (*Output[admin.Status], error) {
	ctx, cancel := context.WithTimeout(ctx, statusTimeout)
	defer cancel()
	status := admin.Status{
		Service: a.Service, Role: a.Role, Version: a.Version, StartedAt: a.StartedAt.UTC(),
		Checks: a.Checks(ctx), Hops: []admin.Hop{}, Paused: []string{},
	}
	if err := a.Status(ctx, &status); err != nil {
		return nil, err
	}
	return &Output[admin.Status]{Body: status}, nil
}

type seriesInput struct {
	Since time.Time `query:"since" doc:"beginning of the window; an hour ago by default"`
	Until time.Time `query:"until" doc:"end of the window; now by default"`
}

// maxSeries is the longest window: every minute of a month.
const maxSeries = 31 * 24 * time.Hour

func (a *API) series(ctx context.Context, in *seriesInput) (*Output[admin.List[admin.Point]], error) {
	window := admin.Window{Since: in.Since, Until: in.Until}
	if window.Until.IsZero() {
		window.Until = time.Now()
	}
	if window.Since.IsZero() {
		window.Since = window.Until.Add(-time.Hour)
	}
	if window.Until.Sub(window.Since) > maxSeries {
		return nil, Refuse(http.StatusBadRequest, "invalid_parameter", "The window is longer than 31 days; ask for less.",
			admin.ProblemDetail{Parameter: "since", Detail: "Must be at most 31 days before until."})
	}
	points, err := ledger.Series(ctx, a.DB, window)
	return output(whole(points), err)
}

// whole is a list that has but one page.
func whole[T any](items []T) admin.List[T] {
	if items == nil {
		items = []T{}
	}
	return admin.List[T]{Object: "list", Data: items}
}

func (a *API) config(context.Context, *struct{}) (*Output[admin.List[admin.Setting]], error) {
	return output(whole(a.Settings), nil)
}

func (a *API) audit(ctx context.Context, in *struct{ Paging }) (*Output[admin.List[admin.AuditEntry]], error) {
	return output(ledger.ListAudit(ctx, a.DB, in.page()))
}
