package adminapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/jobs"
)

func (a *API) registerJobs() {
	Read(a, huma.Operation{
		OperationID: "listJobs", Method: http.MethodGet, Path: "/admin/v1/jobs", Summary: "Long work, newest first",
	}, a.jobs)
	Read(a, huma.Operation{
		OperationID: "getJob", Method: http.MethodGet, Path: "/admin/v1/jobs/{id}", Errors: []int{http.StatusNotFound}, Summary: "One job",
	}, a.job)
	Write(a, huma.Operation{
		OperationID: "cancelJob", Method: http.MethodPost, Path: "/admin/v1/jobs/{id}/cancel", Errors: []int{http.StatusNotFound},
		Summary: "Stop a job", Description: "What it did stays done. One that is finished stays as it is.",
	}, a.cancelJob)
}

func (a *API) jobs(ctx context.Context, in *struct{ Paging }) (*Output[admin.List[admin.Job]], error) {
	return output(jobs.List(ctx, a.DB, in.page()))
}

func (a *API) job(ctx context.Context, in *ID) (*Output[admin.Job], error) {
	return output(jobs.Get(ctx, a.DB, in.ID))
}

func (a *API) cancelJob(ctx context.Context, in *ID) (*Output[admin.Job], error) {
	var job admin.Job
	err := a.Act(ctx, admin.AuditEntry{Action: "job.cancel", Target: in.ID}, func(tx *gorm.DB, _ *admin.AuditEntry) (err error) {
		job, err = jobs.Cancel(ctx, tx, in.ID)
		return err
	})
	return output(job, err)
}

// Begin adds a job and notes it in the audit as entry says, in one transaction, and returns the answer of the operation.
func (a *API) Begin(ctx context.Context, entry admin.AuditEntry, job jobs.New) (*Accepted, error) {
	job.By = Actor(ctx)
	var begun admin.Job
	err := a.Act(ctx, entry, func(tx *gorm.DB, entry *admin.AuditEntry) (err error) {
		begun, err = jobs.Create(tx, job)
		entry.Target = begun.ID
		return err
	})
	if err != nil {
		return nil, err
	}
	a.JobAdded()
	return &Accepted{Status: http.StatusAccepted, Body: begun}, nil
}
