package adminapi

import (
	"cmp"
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/adminapi"
	"github.com/datasync-dev/datasync/pkg/ledger"
)

// action is something that operators can do to one record.
type action struct {
	name, summary string
	do            func(tx *gorm.DB, localID string) error
	told          bool // by a line in the ledger; what the others lead to has one of its own
}

func (s *server) registerActions() {
	for _, a := range []action{
		{admin.ActionPush, "Bring the catalog's state to the remote now; what was changed there is overwritten", s.Engine.Push, false},
		{admin.ActionPull, "Read the remote now; what differs goes to the catalog", s.Engine.Pull, false},
		{admin.ActionRetry, "Try a record again now that failed", s.Engine.Retry, false},
		{admin.ActionPause, "Leave a record alone until it is resumed; nothing that arrives is lost", s.Engine.Pause, true},
		{admin.ActionResume, "Take a paused record up again", s.Engine.Resume, true},
		{admin.ActionUnlink, "Forget the remote object of a record, leaving it alone; the record is synced no more", s.Engine.Unlink, true},
	} {
		adminapi.Write(s.api, huma.Operation{
			OperationID: a.name + "Link", Method: http.MethodPost, Path: "/admin/v1/links/{record_id}/" + a.name,
			Errors: []int{http.StatusNotFound, http.StatusConflict}, Summary: a.summary,
		}, func(ctx context.Context, in *Record) (*linkOutput, error) {
			return s.act(ctx, a, in.RecordID, "")
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

// act does something to a record, notes it in the audit and, if it is told there, in the record's timeline, and answers with
// the record as it is then. remoteID is the object that it gets, if it gets one.
func (s *server) act(ctx context.Context, a action, recordID, remoteID string) (*linkOutput, error) {
	before, err := s.Engine.Link(ctx, recordID, false)
	if err != nil {
		return nil, refusal(err)
	}
	entry := admin.AuditEntry{Action: "record." + a.name, Target: recordID}
	if remoteID != "" {
		entry.Detail = map[string]any{"remote_id": remoteID}
	}
	err = s.api.Act(ctx, entry, func(tx *gorm.DB, _ *admin.AuditEntry) error {
		if err := a.do(tx, recordID); err != nil || !a.told {
			return err
		}
		return ledger.Append(tx, ledger.Entries{Changes: []ledger.Change{{
			Direction: admin.Outbound, Kind: before.Kind, RecordID: recordID, RemoteID: cmp.Or(remoteID, before.RemoteID),
			Origin: adminapi.Actor(ctx), Op: a.name, Version: before.Version, State: admin.StateApplied,
		}}})
	})
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
	to := action{name: "link", told: true, do: func(tx *gorm.DB, localID string) error { return s.Engine.LinkTo(tx, localID, in.Body.RemoteID) }}
	return s.act(ctx, to, in.RecordID, in.Body.RemoteID)
}
