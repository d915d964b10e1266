package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
	"github.com/datasync-dev/datasync/services/catalog/internal/idempotency"
)

const maxBatch = 500

// BatchInput is the body of a batch.
type BatchInput struct {
	Operations []BatchOperation `json:"operations" minItems:"1" maxItems:"500"`
}

// BatchOperation is one write of a batch.
type BatchOperation struct {
	Op       string        `json:"op" enum:"create,update,replace,delete,restore" doc:"update is a merge patch, replace clears what is left out"`
	ID       string        `json:"id,omitempty" format:"uuid" doc:"The customer; not for create"`
	Version  int64         `json:"version,omitempty" doc:"The version that the customer must still have; else the operation fails with version_mismatch"`
	Customer CustomerInput `json:"customer,omitzero" doc:"For create, update and replace"`
}

// Batch is the answer to a batch.
type Batch struct {
	Object    string        `json:"object" enum:"batch"`
	DryRun    bool          `json:"dry_run,omitempty" doc:"Nothing was done: data says what would have become of each operation"`
	Succeeded int           `json:"succeeded"`
	Failed    int           `json:"failed"`
	Data      []BatchResult `json:"data" nullable:"false" doc:"What became of each operation, in their order"`
}

// BatchResult is what became of one operation: a customer or a problem.
type BatchResult struct {
	Status   int       `json:"status" doc:"The HTTP status that the operation would have got alone" example:"201"`
	Customer *Customer `json:"customer,omitempty"`
	Problem  *Problem  `json:"problem,omitempty"`
}

type batchInput struct {
	DryRun         bool   `query:"dry_run" doc:"Do nothing, and say what would become of each operation"`
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"255" doc:"Makes the batch safe to repeat: within 24 hours the same batch under the same key gets the first answer again"`
	Document
}

type batchOutput struct {
	IdempotentReplayed string `header:"Idempotent-Replayed" doc:"true: the request had been answered before, and this is that answer"`
	Body               Batch
}

func (s *Server) batch(ctx context.Context, in *batchInput) (*batchOutput, error) {
	if err := checkMediaType(in.ContentType); err != nil {
		return nil, err
	}
	if err := checkIdempotencyKey(in.IdempotencyKey); err != nil {
		return nil, err
	}
	operations, err := decodeBatch(in.RawBody)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, databaseTimeout)
	defer cancel()
	out := &batchOutput{}
	err = s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if in.IdempotencyKey == "" || in.DryRun {
			out.Body, err = s.applyBatch(ctx, tx, operations, in.DryRun)
			return err
		}
		principal, _ := auth.From(ctx)
		key := idempotency.NewKey(principal.KeyID, in.IdempotencyKey, in.RawBody, []byte("batch"))
		stored, err := idempotency.Begin(tx, key)
		if err != nil {
			return err
		}
		if stored != nil {
			out.IdempotentReplayed = "true"
			return replayBatch(stored, &out.Body)
		}
		if out.Body, err = s.applyBatch(ctx, tx, operations, false); err != nil {
			return err
		}
		encoded, err := json.Marshal(out.Body)
		if err != nil {
			return fmt.Errorf("encode the answer: %w", err)
		}
		return idempotency.Store(tx, key, idempotency.Answer{Status: http.StatusOK, Body: encoded})
	})
	if errors.Is(err, errDryRun) {
		return out, nil
	}
	if errors.Is(err, idempotency.ErrRaced) {
		err = idempotency.ErrRunning // the other one has just finished: the client's next try gets its answer
	}
	if err != nil {
		return nil, err
	}
	s.committed()
	return out, nil
}

// replayBatch gives a stored answer again; one about a customer who was erased since is a refusal.
func replayBatch(stored *idempotency.Answer, body *Batch) error {
	if stored.Status < http.StatusBadRequest {
		return json.Unmarshal(stored.Body, body)
	}
	refusal := &Problem{headers: http.Header{"Idempotent-Replayed": {"true"}}}
	if err := json.Unmarshal(stored.Body, refusal); err != nil {
		return err
	}
	return refusal
}

// operation is a decoded one. A problem that was found already is its result.
type operation struct {
	op      string
	id      uuid.UUID
	guard   customers.Guard
	edit    customers.Edit
	problem error
}

// decodeBatch reads a batch. What is wrong with the batch as a whole is an error, what is wrong with one operation is not.
func decodeBatch(body []byte) ([]operation, error) {
	var batch struct {
		Operations []struct {
			Op       string          `json:"op"`
			ID       string          `json:"id"`
			Version  int64           `json:"version"`
			Customer json.RawMessage `json:"customer"`
		} `json:"operations"`
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&batch); err != nil {
		if field, found := strings.CutPrefix(err.Error(), "json: unknown field "); found {
			return nil, newProblem(CodeValidationFailed, "", ProblemItem{
				Reason: string(customers.ReasonUnknownField),
				Detail: fmt.Sprintf("%s is neither a field of a batch (operations) nor of an operation (op, id, version, customer).", field),
			})
		}
		return nil, newProblem(CodeMalformedJSON, fmt.Sprintf("The body is not a batch: %s.", err))
	}
	if count := len(batch.Operations); count < 1 || count > maxBatch {
		pointer := "/operations"
		return nil, newProblem(CodeValidationFailed, "", ProblemItem{
			Pointer: &pointer, Reason: string(customers.ReasonTooMany), Detail: fmt.Sprintf("Must hold from 1 to %d operations; has %d.", maxBatch, count),
		})
	}
	operations := make([]operation, len(batch.Operations))
	for i, given := range batch.Operations {
		o := operation{op: given.Op}
		if given.Version > 0 {
			o.guard = func(c customers.Customer) error {
				if c.Version != given.Version {
					return &customers.VersionMismatch{Current: c.Version}
				}
				return nil
			}
		}
		o.id, o.edit, o.problem = decodeOperation(given.Op, given.ID, given.Customer)
		operations[i] = o
	}
	return operations, nil
}

func decodeOperation(op, id string, customer []byte) (parsed uuid.UUID, edit customers.Edit, err error) {
	switch op {
	case "create", "update", "replace":
		if edit, err = customers.Decode(customer); err != nil {
			return parsed, edit, err
		}
	case "delete", "restore":
	default:
		pointer := "/op"
		return parsed, edit, newProblem(CodeValidationFailed, "", ProblemItem{
			Pointer: &pointer, Reason: string(customers.ReasonInvalidValue), Detail: "Must be create, update, replace, delete or restore.",
		})
	}
	if op != "create" {
		parsed, err = CustomerID{ID: id}.parse()
	}
	return parsed, edit, err
}

// errDryRun rolls back what was only tried.
var errDryRun = errors.New("only tried")

// applyBatch does the operations in one transaction. An error is the database's, or errDryRun: nothing was done then.
func (s *Server) applyBatch(ctx context.Context, tx *gorm.DB, operations []operation, dryRun bool) (Batch, error) {
	answer := Batch{Object: "batch", DryRun: dryRun, Data: make([]BatchResult, len(operations))}
	var ids []uuid.UUID
	for _, o := range operations {
		if o.problem == nil && o.id != uuid.Nil {
			ids = append(ids, o.id)
		}
	}
	if _, err := customers.LockAll(tx, ids); err != nil {
		return answer, err
	}
	creates := map[int]*customers.Commit{}
	for i, o := range operations {
		c, err := s.applyOne(ctx, tx, o, i, creates)
		if problem := translate(err); problem != nil {
			problem.RequestID = requestID(ctx)
			answer.Data[i] = BatchResult{Status: problem.Status, Problem: problem}
			answer.Failed++
			continue
		}
		if err != nil {
			return answer, err
		}
		answer.Succeeded++
		if creates[i] == nil {
			answer.Data[i] = s.succeeded(http.StatusOK, c)
		}
	}
	if dryRun {
		for i := range creates {
			answer.Data[i].Status = http.StatusCreated
		}
		return answer, errDryRun
	}
	return answer, s.insertAll(tx, creates, answer.Data)
}

// applyOne does one operation; a create is only prepared.
func (s *Server) applyOne(ctx context.Context, tx *gorm.DB, o operation, i int, creates map[int]*customers.Commit) (customers.Customer, error) {
	if o.problem != nil {
		return customers.Customer{}, o.problem
	}
	by := author(ctx)
	switch o.op {
	case "create":
		commit, err := customers.NewCommit(by, uuid.Must(uuid.NewV7()), o.edit)
		if err == nil {
			commit.Bulk = true // as those of an import: whoever is created alone does not wait behind them
			creates[i] = commit
		}
		return customers.Customer{}, err
	case "update":
		return customers.Patch(tx, by, o.id, o.guard, o.edit)
	case "replace":
		return customers.Replace(tx, by, o.id, o.guard, o.edit)
	case "delete":
		return customers.Delete(tx, by, o.id, o.guard)
	default:
		return customers.Restore(tx, by, o.id, o.guard)
	}
}

// insertAll stores the new customers in one statement.
func (s *Server) insertAll(tx *gorm.DB, creates map[int]*customers.Commit, results []BatchResult) error {
	if len(creates) == 0 {
		return nil
	}
	commits := make([]*customers.Commit, 0, len(creates))
	for _, commit := range creates {
		commits = append(commits, commit)
	}
	if err := customers.InsertAll(tx, commits); err != nil {
		return err
	}
	for i, commit := range creates {
		results[i] = s.succeeded(http.StatusCreated, commit.After)
	}
	return nil
}

func (s *Server) succeeded(status int, c customers.Customer) BatchResult {
	body := s.render(c)
	return BatchResult{Status: status, Customer: &body}
}
