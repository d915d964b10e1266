package adminapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/adminapi"
)

func (s *server) registerLinks() {
	adminapi.Read(s.api, huma.Operation{
		OperationID: "listLinks", Method: http.MethodGet, Path: "/admin/v1/links", Summary: "Records as the connector knows them",
	}, s.links)
	adminapi.Read(s.api, huma.Operation{
		OperationID: "getLink", Method: http.MethodGet, Path: "/admin/v1/links/{record_id}",
		Errors: []int{http.StatusNotFound, http.StatusBadGateway}, Summary: "One record, with its content on both sides",
	}, s.link)
}

type linksInput struct {
	adminapi.Paging

	State       string `query:"state" enum:"pending,synced,retrying,failed,discarded,deleted,detached,paused" doc:"only records in this state; paused: that an operator stopped, in whatever state"`
	RemoteID    string `query:"remote_id" maxLength:"200" doc:"only the record of this object"`
	Class       string `query:"class" enum:"transient,throttled,permanent,operator" doc:"only records that fail like this"`
	Field       string `query:"field" maxLength:"200" doc:"only records that fail because of this field"`
	Fingerprint string `query:"fingerprint" maxLength:"100" doc:"only records of this group of failures"`
}

type linksOutput struct{ Body admin.List[admin.Link] }

func (s *server) links(ctx context.Context, in *linksInput) (*linksOutput, error) {
	page, err := s.Engine.Links(ctx, admin.LinkFilter{
		Page: admin.Page{Cursor: in.Cursor, Limit: in.Limit}, State: in.State, RemoteID: in.RemoteID, Class: in.Class, Field: in.Field, Fingerprint: in.Fingerprint,
	})
	if err != nil {
		return nil, refusal(err)
	}
	for i := range page.Data {
		s.complete(&page.Data[i])
	}
	return &linksOutput{Body: page}, nil
}

// Record is the id of a record in an address.
type Record struct {
	RecordID string `path:"record_id" format:"uuid"`
}

type linkInput struct {
	Record

	Remote string `query:"remote" enum:"now" doc:"now: also ask the remote what it holds at this moment"`
}

type linkOutput struct{ Body admin.Link }

func (s *server) link(ctx context.Context, in *linkInput) (*linkOutput, error) {
	l, err := s.Engine.Link(ctx, in.RecordID, in.Remote == "now")
	if err != nil {
		return nil, refusal(err)
	}
	s.complete(&l)
	if !adminapi.Personal(ctx) {
		l.Desired, l.Shadow, l.Remote = nil, nil, nil
	}
	return &linkOutput{Body: l}, nil
}

func (s *server) complete(l *admin.Link) {
	if s.RemoteURL != nil && l.RemoteID != "" {
		l.RemoteURL = s.RemoteURL(l.RemoteID)
	}
}
