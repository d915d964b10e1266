package adminapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/ledger"
)

func (a *API) registerChanges() {
	Read(a, huma.Operation{
		OperationID: "listChanges", Method: http.MethodGet, Path: "/admin/v1/changes", Summary: "The ledger, newest first",
	}, a.changes)
	Read(a, huma.Operation{
		OperationID: "getChange", Method: http.MethodGet, Path: "/admin/v1/changes/{id}", Errors: []int{http.StatusNotFound},
		Summary: "One change with its attempts",
	}, a.change)
	Read(a, huma.Operation{
		OperationID: "listTimeline", Method: http.MethodGet, Path: "/admin/v1/records/{id}/timeline",
		Summary: "Everything that happened to one record, newest first", Description: "A record that nothing is known of has no lines.",
	}, a.timeline)
}

type changesInput struct {
	Paging
	Since     time.Time `query:"since"`
	Until     time.Time `query:"until"`
	RecordID  string    `query:"record_id"`
	Direction string    `query:"direction" enum:"local,outbound,inbound"`
	State     string    `query:"state" enum:"accepted,sent,applied,skipped,retrying,failed,discarded"`
	Search    string    `query:"q" maxLength:"200" doc:"a local id, a remote id, an event id, a request id or a trace id, exactly"`
}

func (a *API) changes(ctx context.Context, in *changesInput) (*Output[admin.List[admin.Change]], error) {
	return a.shown(ctx)(ledger.List(ctx, a.DB, admin.ChangeFilter{
		Page: in.page(), Window: admin.Window{Since: in.Since, Until: in.Until},
		RecordID: in.RecordID, Direction: in.Direction, State: in.State, Search: in.Search,
	}))
}

func (a *API) timeline(ctx context.Context, in *struct {
	ID
	Paging
},
) (*Output[admin.List[admin.Change]], error) {
	return a.shown(ctx)(ledger.Timeline(ctx, a.DB, in.ID.ID, in.page()))
}

func (a *API) change(ctx context.Context, in *ID) (*Output[admin.Change], error) {
	change, err := ledger.Get(ctx, a.DB, in.ID)
	if err != nil {
		return nil, err
	}
	page, err := a.shown(ctx)(whole([]admin.Change{change}), nil)
	if err != nil {
		return nil, err
	}
	return &Output[admin.Change]{Body: page.Body.Data[0]}, nil
}

// shown completes what the ledger returned, and hides what the caller may not see.
func (a *API) shown(ctx context.Context) func(admin.List[admin.Change], error) (*Output[admin.List[admin.Change]], error) {
	return func(page admin.List[admin.Change], err error) (*Output[admin.List[admin.Change]], error) {
		if err != nil {
			return nil, err
		}
		for i := range page.Data {
			page.Data[i].Service = a.Service
		}
		if a.Conflicts != nil && len(page.Data) > 0 {
			if err := a.Conflicts(ctx, page.Data); err != nil {
				return nil, err
			}
		}
		hidden(ctx, page.Data)
		return &Output[admin.List[admin.Change]]{Body: page}, nil
	}
}
