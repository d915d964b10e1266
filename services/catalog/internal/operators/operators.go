// Package operators is the catalog's part of the operators' API: conflicts, and how the catalog is.
package operators

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/adminapi"
	"github.com/datasync-dev/datasync/services/catalog/internal/backfill"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

// Options are those of adminapi, of which the Status and the Conflicts are filled in.
type Options struct {
	adminapi.Options
	ChangesQueue string   // the queue that the catalog consumes
	Remotes      []string // that customers can wait for
}

// Register adds all of the operators' API to an API.
func Register(to huma.API, o Options) {
	s := &server{Options: o}
	o.Status, o.Conflicts = s.status, s.fold
	s.api = adminapi.Register(to, o.Options)
	backfill.Register(s.api)
	adminapi.Read(s.api, huma.Operation{
		OperationID: "listOpenConflicts", Method: http.MethodGet, Path: "/admin/v1/conflicts",
		Summary: "Fields that both sides changed, newest first; the values are for those who may see personal data",
	}, s.list)
	adminapi.Read(s.api, huma.Operation{
		OperationID: "getConflict", Method: http.MethodGet, Path: "/admin/v1/conflicts/{id}", Errors: []int{http.StatusNotFound},
		Summary: "One conflict",
	}, s.get)
	adminapi.Write(s.api, huma.Operation{
		OperationID: "resolveConflict", Method: http.MethodPost, Path: "/admin/v1/conflicts/{id}/resolve",
		Errors:      []int{http.StatusNotFound, http.StatusConflict},
		Summary:     "Settle a conflict that waits",
		Description: "The field gets one value on both sides: that of the side that take names, or value.",
	}, s.resolve)
}

type server struct {
	Options
	api *adminapi.API
}

type listInput struct {
	adminapi.Paging
	RecordID string `query:"record_id"`
	Open     bool   `query:"open" doc:"only those that wait for an operator"`
}

func (s *server) list(ctx context.Context, in *listInput) (*adminapi.Output[admin.List[admin.Conflict]], error) {
	from, err := customers.ParseCursor(in.Cursor)
	if err != nil {
		return nil, adminapi.Refuse(http.StatusBadRequest, "invalid_cursor", "Send next_cursor of the previous page unchanged.",
			admin.ProblemDetail{Parameter: "cursor", Detail: "Is not a cursor of this list."})
	}
	filter := customers.ConflictFilter{Open: in.Open}
	if in.RecordID != "" {
		if filter.Customer, err = uuid.Parse(in.RecordID); err != nil {
			return nil, adminapi.Refuse(http.StatusBadRequest, "invalid_parameter", "Correct the parameters that errors lists.",
				admin.ProblemDetail{Parameter: "record_id", Detail: "Must be the id of a customer."})
		}
	}
	page, err := customers.ListConflicts(ctx, s.DB, filter, from, in.Limit)
	if err != nil {
		return nil, err
	}
	list := admin.List[admin.Conflict]{Object: "list", Data: make([]admin.Conflict, len(page.Items)), HasMore: page.More}
	for i, c := range page.Items {
		list.Data[i] = visible(ctx, shown(c))
	}
	if page.More {
		list.NextCursor = page.Next.String()
	}
	return &adminapi.Output[admin.List[admin.Conflict]]{Body: list}, nil
}

func (s *server) get(ctx context.Context, in *adminapi.ID) (*adminapi.Output[admin.Conflict], error) {
	id, err := uuid.Parse(in.ID)
	if err != nil {
		return nil, notFound()
	}
	conflict, err := customers.GetConflict(ctx, s.DB, id)
	if err != nil {
		return nil, refusal(err)
	}
	return &adminapi.Output[admin.Conflict]{Body: visible(ctx, shown(conflict))}, nil
}

type resolveInput struct {
	adminapi.ID
	Body admin.ResolveRequest
}

func (s *server) resolve(ctx context.Context, in *resolveInput) (*adminapi.Output[admin.Conflict], error) {
	id, err := uuid.Parse(in.ID.ID)
	if err != nil {
		return nil, notFound()
	}
	request := in.Body
	if (request.Value != nil) == (request.Take != "") {
		return nil, adminapi.Refuse(http.StatusUnprocessableEntity, "validation_failed", "Say either whose value to take, or a value.",
			admin.ProblemDetail{Pointer: "/take", Detail: "Must be there unless value is."})
	}
	if request.Value != nil && !adminapi.Personal(ctx) {
		return nil, adminapi.Refuse(http.StatusForbidden, "insufficient_scope",
			"Who may not see the values may not write one; say with take whose value to take, or use a key with the scope customers:read.")
	}
	var settled customers.Conflict
	entry := admin.AuditEntry{Action: "conflict.resolve", Target: id.String()}
	err = s.api.Act(ctx, entry, func(tx *gorm.DB, entry *admin.AuditEntry) (err error) {
		by := customers.Author{Name: adminapi.Actor(ctx), RequestID: s.RequestID(ctx)}
		settled, err = customers.Resolve(ctx, tx, by, id, customers.Choice{Value: request.Value, Side: request.Take})
		entry.Detail = map[string]any{"record_id": settled.CustomerID.String(), "field": settled.Field, "winner": settled.Winner}
		return err
	})
	if err != nil {
		return nil, refusal(err)
	}
	s.Committed()
	return &adminapi.Output[admin.Conflict]{Body: visible(ctx, shown(settled))}, nil
}

func notFound() error {
	return adminapi.Refuse(http.StatusNotFound, "conflict_not_found", "There is no such conflict.")
}

// refusal turns errors about conflicts into answers.
func refusal(err error) error {
	if invalid, ok := errors.AsType[*customers.Invalid](err); ok {
		details := make([]admin.ProblemDetail, len(invalid.Violations))
		for i, v := range invalid.Violations {
			details[i] = admin.ProblemDetail{Pointer: "/value", Detail: v.Detail}
		}
		return adminapi.Refuse(http.StatusUnprocessableEntity, "validation_failed", "Correct what errors lists.", details...)
	}
	switch {
	case errors.Is(err, customers.ErrNoConflict):
		return notFound()
	case errors.Is(err, customers.ErrSettled):
		return adminapi.Refuse(http.StatusConflict, "conflict_settled", "The conflict is settled already.")
	case errors.Is(err, customers.ErrNoSide):
		return adminapi.Refuse(http.StatusUnprocessableEntity, "validation_failed", "Correct what errors lists.",
			admin.ProblemDetail{Pointer: "/take", Detail: "Must be catalog, or the name of the conflict's remote."})
	}
	return err
}
