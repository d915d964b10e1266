package adminapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/adminapi"
)

func (s *server) registerFailures() {
	adminapi.Read(s.api, huma.Operation{
		OperationID: "listFailures", Method: http.MethodGet, Path: "/admin/v1/failures",
		Summary: "What fails, grouped by reason, the largest group first", Description: "Groups are counted up to 10,000 records.",
	}, s.failures)
	adminapi.Write(s.api, huma.Operation{
		OperationID: "retryFailures", Method: http.MethodPost, Path: "/admin/v1/failures/retry", DefaultStatus: http.StatusAccepted,
		Errors: []int{http.StatusNotFound}, Summary: "Try failed records again, all or some, at a rate",
	}, s.retry)
	adminapi.Write(s.api, huma.Operation{
		OperationID: "discardFailures", Method: http.MethodPost, Path: "/admin/v1/failures/discard", DefaultStatus: http.StatusAccepted,
		Errors: []int{http.StatusNotFound}, Summary: "Accept that parked records are not in sync, all or some, with a reason",
		Description: "They count as failed no more. Nothing is lost: a newer version, an edit at the remote or a retry brings a record " +
			"back. Only what is parked can be discarded; what is tried again by itself can be paused.",
	}, s.discard)
}

type failuresOutput struct {
	Body admin.List[admin.FailureGroup]
}

func (s *server) failures(ctx context.Context, _ *struct{}) (*failuresOutput, error) {
	groups, err := s.Engine.Failures(ctx)
	if err != nil {
		return nil, err
	}
	return &failuresOutput{Body: admin.List[admin.FailureGroup]{Object: "list", Data: groups}}, nil
}

func (s *server) retry(ctx context.Context, in *struct{ Body admin.RetryRequest }) (*adminapi.Accepted, error) {
	job, err := s.Engine.RetryOf(ctx, in.Body)
	if err != nil {
		return nil, refusal(err)
	}
	detail := map[string]any{
		"records": len(in.Body.RecordIDs), "fingerprint": in.Body.Fingerprint, "all": in.Body.All, "discarded": in.Body.Discarded, "rate": in.Body.Rate, "dry_run": in.Body.DryRun,
	}
	return s.api.Begin(ctx, admin.AuditEntry{Action: "failures.retry", Detail: detail}, job)
}

func (s *server) discard(ctx context.Context, in *struct{ Body admin.DiscardRequest }) (*adminapi.Accepted, error) {
	asked := in.Body
	asked.Reason = strings.TrimSpace(asked.Reason)
	if asked.Reason == "" || strings.ContainsRune(asked.Reason, 0) {
		return nil, adminapi.Refuse(http.StatusUnprocessableEntity, "validation_failed", "Correct what errors lists.",
			admin.ProblemDetail{Pointer: "/reason", Detail: "It has to say why, in characters that can be stored."})
	}
	job, err := s.Engine.DiscardOf(ctx, asked)
	if err != nil {
		return nil, refusal(err)
	}
	return s.api.Begin(ctx, admin.AuditEntry{Action: "failures.discard", Reason: asked.Reason, Detail: map[string]any{
		"records": len(asked.RecordIDs), "fingerprint": asked.Fingerprint, "all": asked.All, "rate": asked.Rate, "dry_run": asked.DryRun,
	}}, job)
}
