package adminapi

import (
	"context"
	"net/http"

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
		"records": len(in.Body.RecordIDs), "fingerprint": in.Body.Fingerprint, "all": in.Body.All, "rate": in.Body.Rate, "dry_run": in.Body.DryRun,
	}
	return s.api.Begin(ctx, "failures.retry", detail, job)
}
