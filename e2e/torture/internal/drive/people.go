package drive

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/oracle"
	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/record"
)

// Subject is a customer that people write to.
type Subject struct {
	*oracle.Record
	born   chan struct{} // closed when the write that makes it was answered
	byHand sync.Mutex    // at Stripe people wait for each other, so that their writes have an order
	edits  int64
}

// NewSubject returns a customer that does not exist yet.
func NewSubject(label string, poison bool) *Subject {
	return &Subject{Record: &oracle.Record{Label: label, Poison: poison}, born: make(chan struct{})}
}

// People write on both sides and tell the oracle what was accepted. They are safe for concurrent use.
type People struct {
	catalog, stripe *rest
	database        *pgxpool.Pool
	run             string // begins every Idempotency-Key
	keys            atomic.Int64

	Accepted, Refused, Skipped [2]atomic.Int64 // by side: catalog, Stripe
}

// slow is when a frozen simulator is asked again.
const slow = 30 * time.Second

// Sides of the counters of People.
const (
	AtCatalog = 0
	AtStripe  = 1
)

// NewPeople returns people who know all replicas of the catalog, and who find a customer's id at Stripe by looking at
// the connector's links.
func NewPeople(c *cluster.Cluster, db *pgxpool.Pool, run string) *People {
	var bases []string
	for _, replica := range c.Catalogs {
		bases = append(bases, replica.URL())
	}
	const patience = 6 * time.Second // half the replicas may be frozen
	return &People{
		catalog:  newREST(map[string]string{"Authorization": "Bearer " + cluster.APIKey}, patience, bases...),
		stripe:   newREST(nil, slow, c.Simulator.URL()), // never fails, only freezes
		database: db, run: run,
	}
}

// CatalogAnswers is how often the catalog answered with each status; 0 is no answer.
func (p *People) CatalogAnswers() map[int]int { return p.catalog.counts() }

// CloseIdle closes connections that nobody uses.
func (p *People) CloseIdle() { p.catalog.closeIdle(); p.stripe.closeIdle() }

// unexpected is an answer that no person should ever get.
type unexpected struct{ text string }

func (u *unexpected) Error() string { return u.text }

func unexpectedAnswer(what string, a Answer) error {
	return &unexpected{fmt.Sprintf("%s was answered %d: %.300s", what, a.Status, a.Body)}
}

// CreateInCatalog makes the subject through REST.
func (p *People) CreateInCatalog(ctx context.Context, s *Subject, birth record.Patch) error {
	began := time.Now()
	answer, err := p.catalog.do(ctx, http.MethodPost, "/v1/customers", p.key(), document(birth))
	if err != nil {
		return err
	}
	var customer struct {
		ID      string `json:"id"`
		Version int64  `json:"version"`
	}
	if answer.Status != http.StatusCreated || json.Unmarshal(answer.Body, &customer) != nil {
		return unexpectedAnswer("create", answer)
	}
	s.SetIDs(customer.ID, "")
	p.accept(AtCatalog, s, oracle.Write{Writer: oracle.Catalog, Order: customer.Version, Patch: birth, Left: flat(answer.Body), Began: began})
	close(s.born)
	return nil
}

func (p *People) accept(side int, s *Subject, w oracle.Write) {
	w.Ended = time.Now()
	s.Accept(w)
	p.Accepted[side].Add(1)
}

func (p *People) key() string { return p.run + "-" + strconv.FormatInt(p.keys.Add(1), 10) }

// WriteInCatalog edits the subject through REST, or deletes it if patch is nil. A customer that was born at Stripe may
// not be in the catalog yet: then it waits.
func (p *People) WriteInCatalog(ctx context.Context, s *Subject, patch record.Patch) error {
	if patch == nil {
		return p.writeInCatalog(ctx, s, http.MethodDelete, "", oracle.Write{Delete: true})
	}
	return p.writeInCatalog(ctx, s, http.MethodPatch, "", oracle.Write{Patch: patch})
}

// EraseInCatalog deletes the subject and makes the catalog forget all personal data of it.
func (p *People) EraseInCatalog(ctx context.Context, s *Subject) error {
	return p.writeInCatalog(ctx, s, http.MethodPost, "/erase", oracle.Write{Delete: true, Erase: true})
}

func (p *People) writeInCatalog(ctx context.Context, s *Subject, method, action string, w oracle.Write) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	local, _ := s.IDs()
	var body any
	if w.Patch != nil {
		body = document(w.Patch)
	}
	w.Writer = oracle.Catalog
	for {
		w.Began = time.Now()
		answer, err := p.catalog.do(ctx, method, "/v1/customers/"+local+action, p.key(), body)
		if err != nil {
			return err
		}
		var customer struct {
			Version int64  `json:"version"`
			Code    string `json:"code"`
		}
		if err := json.Unmarshal(answer.Body, &customer); err != nil {
			return unexpectedAnswer(method+action, answer)
		}
		switch {
		case answer.Status == http.StatusOK:
			w.Order, w.Left = customer.Version, flat(answer.Body)
			p.accept(AtCatalog, s, w)
			return nil
		case customer.Code == "customer_deleted" || customer.Code == "customer_erased":
			p.Refused[AtCatalog].Add(1)
			return nil
		case customer.Code != "customer_not_found":
			return unexpectedAnswer(method+action, answer)
		}
		if s.Deleted() { // before the catalog ever heard of it
			p.Refused[AtCatalog].Add(1)
			return nil
		}
		if err := pause(ctx, 300*time.Millisecond); err != nil {
			return err
		}
	}
}

// wait until the subject was born.
func (s *Subject) wait(ctx context.Context) error {
	select {
	case <-s.born:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// CreateAtStripe makes the subject as a person in Stripe's dashboard.
func (p *People) CreateAtStripe(ctx context.Context, s *Subject, birth record.Patch) error {
	began := time.Now()
	answer, err := p.stripe.do(ctx, http.MethodPost, "/_sim/customers", "", document(birth))
	if err != nil {
		return err
	}
	var customer struct {
		ID string `json:"id"`
	}
	if answer.Status != http.StatusCreated || json.Unmarshal(answer.Body, &customer) != nil {
		return unexpectedAnswer("create at stripe", answer)
	}
	s.SetIDs(connector.AdoptedID(cluster.ConnectorName, customer.ID), customer.ID)
	p.accept(AtStripe, s, oracle.Write{Writer: oracle.Stripe, Patch: birth, Began: began})
	close(s.born)
	return nil
}

// WriteAtStripe edits the subject as a person in Stripe's dashboard, or deletes it if patch is nil. A customer that was
// born in the catalog may not be linked yet: then it waits.
func (p *People) WriteAtStripe(ctx context.Context, s *Subject, patch record.Patch) error {
	remote, err := p.remoteID(ctx, s)
	if err != nil || remote == "" {
		return err
	}
	s.byHand.Lock()
	defer s.byHand.Unlock()
	method, body := http.MethodPatch, any(document(patch))
	if patch == nil {
		method, body = http.MethodDelete, nil
	}
	began := time.Now()
	answer, err := p.stripe.do(ctx, method, "/_sim/customers/"+remote, "", body)
	if err != nil {
		return err
	}
	var customer struct {
		Metadata map[string]string `json:"metadata"`
	}
	switch {
	case answer.Status == http.StatusNotFound:
		p.Refused[AtStripe].Add(1)
		return nil
	case answer.Status != http.StatusOK || json.Unmarshal(answer.Body, &customer) != nil:
		return unexpectedAnswer(method+" at stripe", answer)
	}
	knew, _ := strconv.ParseInt(customer.Metadata["datasync_version"], 10, 64) // absent before the first push
	s.edits++
	p.accept(AtStripe, s, oracle.Write{
		Writer: oracle.Stripe, Order: s.edits, Patch: patch, Delete: patch == nil, Knew: knew, Began: began,
	})
	return nil
}

// remoteID waits until the subject is linked. "" means that it was deleted before, and the write is refused.
func (p *People) remoteID(ctx context.Context, s *Subject) (string, error) {
	if err := s.wait(ctx); err != nil {
		return "", err
	}
	for {
		local, remote := s.IDs()
		if remote != "" {
			return remote, nil
		}
		var found *string
		err := p.database.QueryRow(ctx, `SELECT remote_id FROM `+cluster.ConnectorSchema+`.links WHERE local_id = $1`, local).Scan(&found)
		if err == nil && found != nil { // an error: the database is away, or the link is not there yet
			s.SetIDs("", *found)
			return *found, nil
		}
		if s.Deleted() {
			p.Refused[AtStripe].Add(1)
			return "", nil
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return "", err
		}
	}
}
