package connector

import (
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/jobs"
)

// RequestError is something wrong with what an operator asked for.
type RequestError struct {
	Field  string // name of the parameter
	Detail string
}

// Error implements error.
func (e *RequestError) Error() string { return e.Field + " " + e.Detail }

// How objects and customers are matched.
const (
	adoptMark       = "mark"
	adoptEmail      = "email"
	adoptExternalID = "external_id"
)

// orphansCreate makes the counterparts of what exists on one side only.
const orphansCreate = "create"

// StartReconcile creates the job of a comparison inside tx. It returns a *RequestError for a request that cannot be done,
// and jobs.ErrBusy while another comparison is unfinished.
func (e *Engine) StartReconcile(tx *gorm.DB, asked admin.ReconcileRequest, by string) (admin.Job, error) {
	if err := checkRequest(asked); err != nil {
		return admin.Job{}, err
	}
	if asked.Plan != "" {
		if err := planFor(tx, &asked); err != nil {
			return admin.Job{}, err
		}
	}
	return jobs.Create(tx, jobs.New{Kind: JobReconcile, By: by, Args: asked, Alone: true})
}

func checkRequest(asked admin.ReconcileRequest) error {
	switch Side(asked.Repair) {
	case "", SideCatalog, SideRemote, SidePolicy:
	default:
		return &RequestError{"repair", "has to be catalog, remote or policy, or nothing for a report alone"}
	}
	switch asked.Adopt {
	case "", adoptMark, adoptEmail, adoptExternalID:
	default:
		return &RequestError{"adopt", "has to be mark, email or external_id"}
	}
	switch {
	case asked.Orphans != "" && asked.Orphans != orphansCreate && asked.Orphans != "ignore":
		return &RequestError{"orphans", "has to be create or ignore"}
	case (asked.Adopt == adoptExternalID) != (asked.ExternalKey != ""):
		return &RequestError{"external_key", "goes with adopt=external_id: the key of the metadata that holds the id"}
	case !(asked.Rate >= 0):
		return &RequestError{"rate", "has to be calls per second, or 0"}
	case asked.Orphans == orphansCreate && asked.Repair == "":
		return &RequestError{"orphans", "creates only where something is repaired: set repair too"}
	case len(asked.Only) > 0 && (asked.Adopt != "" || asked.Orphans != "" || asked.Plan != ""):
		return &RequestError{"only", "compares linked records: it does not go with adopt, orphans or plan"}
	case asked.Plan != "" && asked.Repair == "":
		return &RequestError{"repair", "is needed to carry a plan out: catalog, remote or policy"}
	case asked.Plan != "" && asked.Adopt != "":
		return &RequestError{"adopt", "was settled by the plan"}
	}
	return checkOnly(asked.Only)
}

func checkOnly(ids []string) error {
	for _, id := range ids {
		if parsed, err := uuid.Parse(id); err != nil || parsed.String() != strings.ToLower(id) {
			return &RequestError{"only", fmt.Sprintf("holds %q, which is no id of a record", id)}
		}
	}
	return nil
}

// planFor checks that the plan is a finished report, and takes over how it matched.
func planFor(tx *gorm.DB, asked *admin.ReconcileRequest) error {
	var plan admin.ReconcileRequest
	err := jobs.Args(tx.Statement.Context, tx, JobReconcile, asked.Plan, &plan)
	if errors.Is(err, jobs.ErrNotFound) {
		return &RequestError{"plan", "is the id of no comparison; one that is older than the retention of jobs is gone"}
	}
	if err != nil {
		return err
	}
	job, err := jobs.Get(tx.Statement.Context, tx, asked.Plan)
	switch {
	case err != nil:
		return err
	case plan.Repair != "":
		return &RequestError{"plan", "is a run that repaired by itself, not a report"}
	case job.FinishedAt.IsZero():
		return &RequestError{"plan", "is a run that is not finished yet"}
	}
	asked.Adopt, asked.ExternalKey = plan.Adopt, plan.ExternalKey
	return nil
}
