package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/tracing"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
	"github.com/datasync-dev/datasync/services/catalog/internal/erasure"
)

// CustomerID is the id in the address.
type CustomerID struct {
	ID string `path:"id" doc:"The customer's id" example:"0199c2a4-7d1c-7a3e-9f6e-2a5f0c9d8b71"`
}

func (c CustomerID) parse() (uuid.UUID, error) {
	id, err := uuid.Parse(c.ID)
	if err != nil {
		return uuid.Nil, newProblem(CodeCustomerNotFound,
			"Ids of customers are UUIDs. To find one by its id at Stripe use GET /v1/customers?stripe_customer_id=cus_...")
	}
	return id, nil
}

// Precondition is the header of writes that must not undo somebody else's.
type Precondition struct {
	IfMatch string `header:"If-Match" doc:"ETag that the customer must still have; otherwise 412" example:"\"3\""`
}

type createInput struct {
	WriteHeaders
	Document
}

func (s *Server) create(ctx context.Context, in *createInput) (*written[Customer], error) {
	edit, err := in.decode()
	if err != nil {
		return nil, err
	}
	return execute(ctx, s, write[Customer]{
		headers: in.WriteHeaders, operation: "POST /v1/customers", content: [][]byte{in.RawBody},
		status: http.StatusCreated, render: s.render,
		do:     func(tx *gorm.DB) (customers.Customer, error) { return customers.Create(tx, author(ctx), edit) },
		shared: func() (customers.Customer, error) { return s.creates.Create(ctx, author(ctx), edit) },
	})
}

type changeInput struct {
	CustomerID
	Precondition
	WriteHeaders
	Document
}

func (s *Server) update(ctx context.Context, in *changeInput) (*written[Customer], error) {
	return s.change(ctx, in, "PATCH", customers.Patch)
}

func (s *Server) replace(ctx context.Context, in *changeInput) (*written[Customer], error) {
	return s.change(ctx, in, "PUT", customers.Replace)
}

func (s *Server) change(ctx context.Context, in *changeInput, method string,
	apply func(*gorm.DB, customers.Author, uuid.UUID, customers.Guard, customers.Edit) (customers.Customer, error),
) (*written[Customer], error) {
	edit, err := in.decode()
	if err != nil {
		return nil, err
	}
	return executeOn(ctx, s, in.CustomerID, in.Precondition, write[Customer]{
		headers: in.WriteHeaders, operation: method, content: [][]byte{in.RawBody}, render: s.render,
	}, func(tx *gorm.DB, id uuid.UUID, guard customers.Guard) (customers.Customer, error) {
		return apply(tx, author(ctx), id, guard, edit)
	})
}

type bodilessInput struct {
	CustomerID
	Precondition
	WriteHeaders
}

func (s *Server) remove(ctx context.Context, in *bodilessInput) (*written[Tombstone], error) {
	return executeOn(ctx, s, in.CustomerID, in.Precondition, write[Tombstone]{
		headers: in.WriteHeaders, operation: "DELETE", render: s.renderTombstone,
	}, func(tx *gorm.DB, id uuid.UUID, guard customers.Guard) (customers.Customer, error) {
		return customers.Delete(tx, author(ctx), id, guard)
	})
}

func (s *Server) restore(ctx context.Context, in *bodilessInput) (*written[Customer], error) {
	return executeOn(ctx, s, in.CustomerID, in.Precondition, write[Customer]{
		headers: in.WriteHeaders, operation: "restore", render: s.render,
	}, func(tx *gorm.DB, id uuid.UUID, guard customers.Guard) (customers.Customer, error) {
		return customers.Restore(tx, author(ctx), id, guard)
	})
}

func (s *Server) erase(ctx context.Context, in *bodilessInput) (*written[Tombstone], error) {
	answer, err := json.Marshal(newProblem(CodeCustomerErased, ""))
	if err != nil {
		return nil, fmt.Errorf("encode a problem: %w", err)
	}
	return executeOn(ctx, s, in.CustomerID, in.Precondition, write[Tombstone]{
		headers: in.WriteHeaders, operation: "erase", render: s.renderTombstone,
	}, func(tx *gorm.DB, id uuid.UUID, guard customers.Guard) (customers.Customer, error) {
		return erasure.Erase(tx, erasure.Request{ID: id, Guard: guard, By: author(ctx), Answer: answer})
	})
}

// executeOn completes a write to an existing customer and executes it.
func executeOn[T any](ctx context.Context, s *Server, on CustomerID, condition Precondition, w write[T],
	do func(*gorm.DB, uuid.UUID, customers.Guard) (customers.Customer, error),
) (*written[T], error) {
	id, err := on.parse()
	if err != nil {
		return nil, err
	}
	guard, err := ifMatch(condition.IfMatch)
	if err != nil {
		return nil, err
	}
	w.status = http.StatusOK
	w.content = append(w.content, id[:], []byte(condition.IfMatch))
	w.do = func(tx *gorm.DB) (customers.Customer, error) { return do(tx, id, guard) }
	return execute(ctx, s, w)
}

// author is who makes the request, for the ledger.
func author(ctx context.Context) customers.Author {
	principal, _ := auth.From(ctx)
	return customers.Author{Name: principal.Name, RequestID: requestID(ctx), TraceID: tracing.ID(ctx)}
}
