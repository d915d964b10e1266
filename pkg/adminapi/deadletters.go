package adminapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/deadletter"
	"github.com/datasync-dev/datasync/pkg/jobs"
)

func (a *API) registerDeadLetters() {
	Read(a, huma.Operation{
		OperationID: "listDeadLetters", Method: http.MethodGet, Path: "/admin/v1/dead-letters",
		Summary: "Messages that could not be handled, the last one first",
	}, a.deadLetters)
	Read(a, huma.Operation{
		OperationID: "getDeadLetter", Method: http.MethodGet, Path: "/admin/v1/dead-letters/{id}", Errors: []int{http.StatusNotFound},
		Summary: "One of them, with its headers, and its body for those who may see personal data",
	}, a.deadLetter)
	Write(a, huma.Operation{
		OperationID: "replayDeadLetters", Method: http.MethodPost, Path: "/admin/v1/dead-letters/replay", DefaultStatus: http.StatusAccepted,
		Summary: "Send dead letters to their queue again", Description: "The answer is the job that does it. Say which, or all.",
	}, a.replay)
	Write(a, huma.Operation{
		OperationID: "discardDeadLetter", Method: http.MethodPost, Path: "/admin/v1/dead-letters/{id}/discard",
		Errors: []int{http.StatusNotFound, http.StatusConflict}, Summary: "Give a dead letter up",
	}, a.discard)
}

func (a *API) deadLetters(ctx context.Context, in *struct {
	Paging
	State string `query:"state" enum:"waiting,replayed,discarded"`
	Queue string `query:"queue" doc:"that they were consumed from"`
},
) (*Output[admin.List[admin.DeadLetter]], error) {
	return output(deadletter.List(ctx, a.DB, deadletter.Filter{State: in.State, Queue: in.Queue, Page: in.page()}))
}

func (a *API) deadLetter(ctx context.Context, in *ID) (*Output[admin.DeadLetter], error) {
	id, err := letterID(in.ID)
	if err != nil {
		return nil, err
	}
	letter, err := deadletter.Get(ctx, a.DB, id)
	if !Personal(ctx) {
		letter.Body = ""
	}
	return output(letter, err)
}

func letterID(id string) (uuid.UUID, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return uuid.Nil, deadletter.ErrNotFound
	}
	return parsed, nil
}

func (a *API) discard(ctx context.Context, in *struct {
	ID
	Body admin.ReasonRequest
},
) (*Output[admin.DeadLetter], error) {
	id, err := letterID(in.ID.ID)
	if err != nil {
		return nil, err
	}
	var letter admin.DeadLetter
	entry := admin.AuditEntry{Action: "dead_letter.discard", Target: id.String(), Reason: in.Body.Reason}
	err = a.Act(ctx, entry, func(tx *gorm.DB, _ *admin.AuditEntry) (err error) {
		letter, err = deadletter.Discard(tx, id, Actor(ctx), in.Body.Reason)
		return err
	})
	return output(letter, err)
}

// ReplayKind is the kind of the jobs that replay dead letters. Every service gives its runner Replays for it.
const ReplayKind = "replay"

func (a *API) replay(ctx context.Context, in *struct{ Body admin.ReplayRequest }) (*Accepted, error) {
	r := in.Body
	if r.All == (len(r.IDs) > 0) {
		return nil, Refuse(http.StatusUnprocessableEntity, "validation_failed", "Say either which dead letters, or all.",
			admin.ProblemDetail{Pointer: "/ids", Detail: "Must be there unless all is true."})
	}
	for _, id := range r.IDs {
		if _, err := letterID(id); err != nil {
			return nil, err
		}
	}
	detail := map[string]any{"all": r.All, "count": len(r.IDs), "dry_run": r.DryRun, "rate": r.Rate}
	return a.Begin(ctx, admin.AuditEntry{Action: "dead_letters.replay", Detail: detail}, jobs.New{Kind: ReplayKind, Args: r, Total: int64(len(r.IDs))})
}
