package adminapi

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/adminapi"
	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/jobs"
)

func (s *server) registerReconciles() {
	adminapi.Write(s.api, huma.Operation{
		OperationID: "reconcile", Method: http.MethodPost, Path: "/admin/v1/reconciles", DefaultStatus: http.StatusAccepted,
		Errors:  []int{http.StatusConflict},
		Summary: "Compare everything with the remote",
		Description: "Reads the remote's listing, puts each object beside its record, and reports where they differ. Nothing is " +
			"changed unless repair is set; a report can be carried out later as a plan. A repair never goes over a newer change.",
	}, s.reconcile)
	adminapi.Read(s.api, huma.Operation{
		OperationID: "listFindings", Method: http.MethodGet, Path: "/admin/v1/reconciles/{id}/findings",
		Errors: []int{http.StatusNotFound}, Summary: "What a comparison found, in the order of the listing",
	}, s.findings)
}

func (s *server) reconcile(ctx context.Context, in *struct{ Body admin.ReconcileRequest }) (*adminapi.Accepted, error) {
	asked := in.Body
	entry := admin.AuditEntry{Action: "reconcile", Detail: map[string]any{
		"repair": asked.Repair, "adopt": asked.Adopt, "orphans": asked.Orphans, "plan": asked.Plan, "only": len(asked.Only),
	}}
	var job admin.Job
	err := s.api.Act(ctx, entry, func(tx *gorm.DB, entry *admin.AuditEntry) (err error) {
		job, err = s.Engine.StartReconcile(tx, asked, entry.Actor)
		entry.Target = job.ID
		return err
	})
	if bad, ok := errors.AsType[*connector.RequestError](err); ok {
		return nil, adminapi.Refuse(http.StatusUnprocessableEntity, "validation_failed", "Correct what errors lists.",
			admin.ProblemDetail{Pointer: "/" + bad.Field, Detail: "It " + bad.Detail + "."})
	}
	if err != nil {
		return nil, err
	}
	s.api.JobAdded()
	return &adminapi.Accepted{Status: http.StatusAccepted, Body: job}, nil
}

type findingsOutput struct{ Body admin.List[admin.Finding] }

func (s *server) findings(ctx context.Context, in *struct {
	adminapi.Paging

	ID string `path:"id"`
},
) (*findingsOutput, error) {
	var asked admin.ReconcileRequest
	if err := jobs.Args(ctx, s.api.DB, connector.JobReconcile, in.ID, &asked); err != nil {
		return nil, err
	}
	list, err := s.Engine.Findings(ctx, in.ID, admin.Page{Cursor: in.Cursor, Limit: in.Limit})
	if bad, ok := errors.AsType[*connector.RequestError](err); ok {
		return nil, adminapi.Refuse(http.StatusBadRequest, "invalid_cursor",
			"Send next_cursor of the previous page unchanged, or no cursor to begin again.",
			admin.ProblemDetail{Parameter: bad.Field, Detail: "It " + bad.Detail + "."})
	}
	if err != nil {
		return nil, err
	}
	if !adminapi.Personal(ctx) {
		hide(list.Data)
	}
	return &findingsOutput{Body: list}, nil
}

// hide empties what is personal data: which fields differ may be seen, not what they hold.
func hide(list []admin.Finding) {
	for i := range list {
		for j := range list[i].Fields {
			list[i].Fields[j].Before, list[i].Fields[j].After = "", ""
		}
	}
}
