package api

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/pkg/event"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
)

type getInput struct {
	CustomerID
	IncludeDeleted bool   `query:"include_deleted" doc:"Also answer with a tombstone"`
	IfNoneMatch    string `header:"If-None-Match" doc:"ETag that the client has; 304 when it is still the present one. It covers the customer, not the state of its sync" example:"\"3\""`
}

type getOutput struct {
	Status int
	ETag   string `header:"ETag" doc:"The customer's version" example:"\"3\""`
	Body   Customer
}

func (s *Server) get(ctx context.Context, in *getInput) (*getOutput, error) {
	id, err := in.parse()
	if err != nil {
		return nil, err
	}
	c, err := customers.Get(ctx, s.db, id)
	if err != nil {
		return nil, err
	}
	switch {
	case in.IncludeDeleted:
	case c.Erased():
		return nil, customers.ErrErased
	case c.Deleted():
		return nil, customers.ErrDeleted
	}
	out := &getOutput{Status: http.StatusOK, ETag: etag(c.Version), Body: s.render(c)}
	if in.IfNoneMatch != "" && noneMatch(in.IfNoneMatch, c.Version) {
		out.Status = http.StatusNotModified
	}
	return out, nil
}

// Paging are the parameters of every list.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many to return at most"`
	Cursor string `query:"cursor" doc:"next_cursor of the previous page"`
}

type listInput struct {
	Paging
	IDs              []string        `query:"ids" maxItems:"200" doc:"Only these customers, separated by commas"`
	Email            string          `query:"email" doc:"Exactly this address, in upper or lower case"`
	Query            string          `query:"q" doc:"Beginning of the name or of the email address, in upper or lower case"`
	SyncState        event.SyncState `query:"sync_state" enum:"pending,synced,conflict,retrying,failed,discarded,deleted,detached" doc:"State at the remote that the parameter remote names"`
	Remote           string          `query:"remote" doc:"Remote that sync_state is about; the first configured one by default"`
	StripeCustomerID string          `query:"stripe_customer_id" doc:"The customer's id at Stripe" example:"cus_NffrFeUfNV2Hib"`
	CreatedAfter     time.Time       `query:"created_after"`
	CreatedBefore    time.Time       `query:"created_before"`
	UpdatedAfter     time.Time       `query:"updated_after"`
	UpdatedBefore    time.Time       `query:"updated_before"`
	IncludeDeleted   bool            `query:"include_deleted" doc:"Also list tombstones"`
}

type listOutput struct{ Body List }

// remoteStripe is the remote that stripe_customer_id is about.
const remoteStripe = "stripe"

func (s *Server) list(ctx context.Context, in *listInput) (*listOutput, error) {
	from, err := customers.ParseCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	filter, err := s.filter(in)
	if err != nil {
		return nil, err
	}
	page, err := customers.List(ctx, s.db, filter, from, in.Limit)
	if err != nil {
		return nil, err
	}
	body := List{Object: "list", Data: make([]Customer, len(page.Items)), HasMore: page.More, NextCursor: next(page)}
	for i, c := range page.Items {
		body.Data[i] = s.render(c)
	}
	return &listOutput{Body: body}, nil
}

func (s *Server) filter(in *listInput) (customers.Filter, error) {
	f := customers.Filter{
		Email: in.Email, Query: in.Query, SyncState: in.SyncState, SyncRemote: in.Remote,
		CreatedAfter: in.CreatedAfter, CreatedBefore: in.CreatedBefore,
		UpdatedAfter: in.UpdatedAfter, UpdatedBefore: in.UpdatedBefore, IncludeDeleted: in.IncludeDeleted,
	}
	if f.SyncRemote == "" && len(s.remotes) > 0 {
		f.SyncRemote = s.remotes[0]
	}
	if in.StripeCustomerID != "" {
		f.ObjectRemote, f.ObjectID = remoteStripe, in.StripeCustomerID
	}
	for _, text := range in.IDs {
		id, err := uuid.Parse(text)
		if err != nil {
			return f, newProblem(CodeInvalidParameter, "Ids of customers are UUIDs; one of ids is not.")
		}
		f.IDs = append(f.IDs, id)
	}
	return f, nil
}

func next[T any](page customers.Page[T]) *string {
	if !page.More {
		return nil
	}
	cursor := page.Next.String()
	return &cursor
}

type customerConflictsInput struct {
	CustomerID
	Paging
}

type conflictsInput struct {
	Paging
	Open bool `query:"open" doc:"Only those that wait for a person"`
}

type conflictsOutput struct{ Body ConflictList }

func (s *Server) customerConflicts(ctx context.Context, in *customerConflictsInput) (*conflictsOutput, error) {
	id, err := in.parse()
	if err != nil {
		return nil, err
	}
	if _, err := customers.Get(ctx, s.db, id); err != nil {
		return nil, err
	}
	return s.conflictPage(ctx, in.Paging, customers.ConflictFilter{Customer: id})
}

func (s *Server) conflicts(ctx context.Context, in *conflictsInput) (*conflictsOutput, error) {
	return s.conflictPage(ctx, in.Paging, customers.ConflictFilter{Open: in.Open})
}

func (s *Server) conflictPage(ctx context.Context, in Paging, of customers.ConflictFilter) (*conflictsOutput, error) {
	from, err := customers.ParseCursor(in.Cursor)
	if err != nil {
		return nil, err
	}
	page, err := customers.ListConflicts(ctx, s.db, of, from, in.Limit)
	if err != nil {
		return nil, err
	}
	body := ConflictList{Object: "list", Data: make([]Conflict, len(page.Items)), HasMore: page.More, NextCursor: next(page)}
	for i, c := range page.Items {
		body.Data[i] = renderConflict(c)
	}
	return &conflictsOutput{Body: body}, nil
}
