package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"time"

	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
	"github.com/datasync-dev/datasync/services/catalog/internal/idempotency"
)

// databaseTimeout bounds the transaction of a write, so that a database that hangs is answered with 503.
const databaseTimeout = 10 * time.Second

// maxAttempts bounds how often a write is begun again because a twin under the same Idempotency-Key was faster.
const maxAttempts = 3

// WriteHeaders are the headers of every write.
type WriteHeaders struct {
	IdempotencyKey string `header:"Idempotency-Key" maxLength:"255" doc:"Makes the request safe to repeat: within 24 hours the same request under the same key gets the first answer again"`
	Prefer         string `header:"Prefer" doc:"wait=N (1 to 30 seconds) waits until every remote is done with the write" example:"wait=5"`
}

// written is the answer to a write.
type written[T any] struct {
	Status             int
	ETag               string `header:"ETag" doc:"The customer's version" example:"\"3\""`
	Location           string `header:"Location" doc:"Address of a new customer"`
	IdempotentReplayed string `header:"Idempotent-Replayed" doc:"true: the request had been answered before, and this is that answer"`
	PreferenceApplied  string `header:"Preference-Applied" doc:"The preference that was honoured" example:"wait=5"`
	Body               T
}

// write is one request that changes a customer.
type write[T any] struct {
	headers   WriteHeaders
	operation string   // with everything that makes the request this one, for the Idempotency-Key
	content   [][]byte // the rest of that
	status    int
	do        func(tx *gorm.DB) (customers.Customer, error)
	shared    func() (customers.Customer, error) // do in a transaction with others, for requests without a key; nil: there is none
	render    func(customers.Customer) T
}

// execute runs a write: claim the key, do the work, store the answer, all in one transaction; then wake the relay, and
// wait for the remotes if the client prefers that.
func execute[T any](ctx context.Context, s *Server, w write[T]) (*written[T], error) {
	if err := checkIdempotencyKey(w.headers.IdempotencyKey); err != nil {
		return nil, err
	}
	r := run[T]{write: w, server: s}
	if w.headers.IdempotencyKey != "" {
		principal, _ := auth.From(ctx)
		key := idempotency.NewKey(principal.KeyID, w.headers.IdempotencyKey, append(w.content, []byte(w.operation))...)
		r.key = &key
	}
	err := r.transact(ctx)
	for attempt := 1; errors.Is(err, idempotency.ErrRaced) && attempt < maxAttempts; attempt++ {
		err = r.transact(ctx)
	}
	if err != nil {
		return nil, err
	}
	if r.refusal != nil {
		return nil, r.refusal
	}
	if !r.replayed {
		s.committed()
		r.wait(ctx)
	}
	return r.answer, nil
}

// run is the state of a write while it runs.
type run[T any] struct {
	write[T]
	server   *Server
	key      *idempotency.Key
	customer customers.Customer
	answer   *written[T]
	refusal  *Problem // a definitive no, which is stored like an answer
	replayed bool
}

func (r *run[T]) transact(ctx context.Context) error {
	r.answer, r.refusal, r.customer = nil, nil, customers.Customer{} // of an attempt that was rolled back
	if r.key == nil && r.shared != nil {
		customer, err := r.shared()
		r.customer, r.answer = customer, r.respond(customer)
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, databaseTimeout)
	defer cancel()
	return r.server.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if r.key != nil {
			stored, err := idempotency.Begin(tx, *r.key)
			if err != nil {
				return err
			}
			if stored != nil {
				return r.replay(stored)
			}
		}
		customer, err := r.do(tx)
		if err != nil && (r.key == nil || !definitive(err)) {
			return err
		}
		if err != nil {
			r.refusal = problemOf(ctx, r.server.log, err)
			return r.store(tx, r.refusal.Status, r.refusal)
		}
		r.customer, r.answer = customer, r.respond(customer)
		return r.store(tx, r.status, r.answer.Body)
	})
}

// definitive reports whether the same request would be refused again however often it came: what is wrong is not in
// the request but in the customer that it found.
func definitive(err error) bool {
	var mismatch *customers.VersionMismatch
	return errors.Is(err, customers.ErrNotFound) || errors.Is(err, customers.ErrDeleted) || errors.Is(err, customers.ErrErased) || errors.As(err, &mismatch)
}

func (r *run[T]) respond(c customers.Customer) *written[T] {
	answer := &written[T]{Status: r.status, ETag: etag(c.Version), Body: r.render(c)}
	if r.status == http.StatusCreated {
		answer.Location = "/v1/customers/" + c.ID.String()
	}
	return answer
}

func (r *run[T]) store(tx *gorm.DB, status int, body any) error {
	if r.key == nil {
		return nil
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	headers := map[string]string{}
	answer := idempotency.Answer{Status: status, Headers: headers, Body: encoded, Customer: r.customer.ID}
	if r.answer != nil {
		headers["ETag"], headers["Location"] = r.answer.ETag, r.answer.Location
	}
	return idempotency.Store(tx, *r.key, answer)
}

// replay gives a stored answer again.
func (r *run[T]) replay(stored *idempotency.Answer) error {
	r.replayed = true
	if stored.Status >= http.StatusBadRequest {
		r.refusal = &Problem{headers: http.Header{"Idempotent-Replayed": {"true"}}}
		return json.Unmarshal(stored.Body, r.refusal)
	}
	r.answer = &written[T]{
		Status: stored.Status, ETag: stored.Headers["ETag"], Location: stored.Headers["Location"],
		IdempotentReplayed: "true",
	}
	return json.Unmarshal(stored.Body, &r.answer.Body)
}

// wait holds the answer back until every remote is done with the version just written, or the time is up. No
// transaction and no connection is held meanwhile.
func (r *run[T]) wait(ctx context.Context) {
	limit := preferWait(r.headers.Prefer)
	if limit == 0 {
		return
	}
	waiting, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	_, err := r.server.waiters.Wait(waiting, r.customer.ID, func(ctx context.Context) (bool, error) {
		now, err := customers.Get(ctx, r.server.db, r.customer.ID)
		if err != nil {
			return false, err
		}
		r.customer.Sync = now.Sync // the rest stays as it was written, whatever others did since
		return r.settled(), nil
	})
	r.answer.Body = r.render(r.customer)
	r.answer.PreferenceApplied = "wait=" + strconv.Itoa(int(limit.Seconds()))
	if err == nil && r.key != nil {
		err = r.amend(ctx)
	}
	if err != nil {
		// The write itself is done, and that is what the client has to know.
		r.server.log.WarnContext(ctx, "the wait for the remotes failed",
			slog.String("request_id", requestID(ctx)), slog.Any("error", err))
	}
}

func (r *run[T]) settled() bool {
	for _, remote := range r.server.remotes {
		if !r.customer.Settled(remote) {
			return false
		}
	}
	return true
}

func (r *run[T]) amend(ctx context.Context) error {
	body, err := json.Marshal(r.answer.Body)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	return idempotency.Amend(r.server.db.WithContext(ctx), *r.key, body)
}

// checkMediaType refuses bodies that say they are something else than JSON. A form is what curl -d says when it is told
// nothing else; the body has to be JSON all the same.
func checkMediaType(contentType string) error {
	if contentType == "" {
		return nil
	}
	media, _, err := mime.ParseMediaType(contentType)
	if err == nil {
		switch media {
		case "application/json", "application/merge-patch+json", "application/x-www-form-urlencoded":
			return nil
		}
	}
	return newProblem(CodeUnsupportedMediaType, "")
}
