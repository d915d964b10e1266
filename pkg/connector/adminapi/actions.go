package adminapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/adminapi"
)

// action is something that operators can do to one record.
type action struct {
	name, summary string
	do            func(tx *gorm.DB, localID string) error
}

func (s *server) registerActions() {
	for _, a := range []action{
		{admin.ActionPush, "Bring the catalog's state to the remote now; what was changed there is overwritten", s.Engine.Push},
		{admin.ActionPull, "Read the remote now; what differs goes to the catalog", s.Engine.Pull},
		{admin.ActionRetry, "Try a record again now that failed", s.Engine.Retry},
		{admin.ActionPause, "Leave a record alone until it is resumed; nothing that arrives is lost", s.Engine.Pause},
		{admin.ActionResume, "Take a paused record up again", s.Engine.Resume},
		{admin.ActionUnlink, "Forget the remote object of a record, leaving it alone; the record is synced no more", s.Engine.Unlink},
	} {
		adminapi.Write(s.api, huma.Operation{
			OperationID: a.name + "Link", Method: http.MethodPost, Path: "/admin/v1/links/{record_id}/" + a.name,
			Errors: []int{http.StatusNotFound, http.StatusConflict}, Summary: a.summary,
		}, func(ctx context.Context, in *Record) (*linkOutput, error) {
			return s.act(ctx, a, in.RecordID, nil)
		})
	}
	adminapi.Write(s.api, huma.Operation{
		OperationID: "linkLink", Method: http.MethodPost, Path: "/admin/v1/links/{record_id}/link",
		Errors:  []int{http.StatusNotFound, http.StatusConflict, http.StatusBadGateway},
		Summary: "Link a record that has no object to one that belongs to nobody",
		Description: "What only one side has goes to the other. Where both have a value, the policy of the field settles it, " +
			"as for any change at the remote.",
	}, s.linkTo)
}

// act does something to a record, notes it in the audit, and answers with the record as it is then.
func (s *server) act(ctx context.Context, a action, recordID string, detail map[string]any) (*linkOutput, error) {
	entry := admin.AuditEntry{Action: "record." + a.name, Target: recordID, Detail: detail}
	err := s.api.Act(ctx, entry, func(tx *gorm.DB, _ *admin.AuditEntry) error { return a.do(tx, recordID) })
	if err != nil {
		return nil, refusal(err)
	}
	s.Engine.Wake()
	s.api.Committed()
	return s.link(ctx, &linkInput{Record: Record{RecordID: recordID}})
}

type linkToInput struct {
	Record

	Body struct {
		RemoteID string `json:"remote_id" minLength:"1" maxLength:"200"`
	}
}

func (s *server) linkTo(ctx context.Context, in *linkToInput) (*linkOutput, error) {
	if err := s.Engine.CanLink(ctx, in.RecordID, in.Body.RemoteID); err != nil {
		return nil, refusal(err)
	}
	to := action{name: "link", do: func(tx *gorm.DB, localID string) error { return s.Engine.LinkTo(tx, localID, in.Body.RemoteID) }}
	return s.act(ctx, to, in.RecordID, map[string]any{"remote_id": in.Body.RemoteID})
}
