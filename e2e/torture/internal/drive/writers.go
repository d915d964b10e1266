package drive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/oracle"
	"github.com/datasync-dev/datasync/e2e/torture/internal/plan"
)

// How many people write at once on each side.
const (
	inCatalog = 12
	atStripe  = 6
)

// giveUp is how long a person tries a write that cannot be made, because the customer does not arrive on that side.
const giveUp = 90 * time.Second

// Writers carry out the ops of a plan.
type Writers struct {
	People   *People
	Subjects []*Subject
	Log      *slog.Logger

	mu         sync.Mutex
	unexpected []string
}

// NewWriters makes the subjects of a plan.
func NewWriters(p *People, wanted plan.Plan, log *slog.Logger) *Writers {
	w := &Writers{People: p, Log: log}
	for i, s := range wanted.Subjects {
		label := fmt.Sprintf("customer %d, born in the %s", i, s.Born)
		if s.Poison {
			label = fmt.Sprintf("poison customer %d", i)
		}
		w.Subjects = append(w.Subjects, NewSubject(label, s.Poison))
	}
	return w
}

// Run carries out all ops at their times and returns when each has been answered.
func (w *Writers) Run(ctx context.Context, ops []plan.Op) {
	begin := time.Now()
	queues := map[plan.Side]chan plan.Op{
		plan.Catalog: make(chan plan.Op, len(ops)), plan.Stripe: make(chan plan.Op, len(ops)), // never holds the clock up
	}
	var people sync.WaitGroup
	for side, count := range map[plan.Side]int{plan.Catalog: inCatalog, plan.Stripe: atStripe} {
		for range count {
			people.Go(func() {
				for op := range queues[side] {
					w.one(ctx, op)
				}
			})
		}
	}
	for _, op := range ops {
		if pause(ctx, time.Until(begin.Add(op.At))) != nil {
			break
		}
		queues[op.Side] <- op
	}
	for _, queue := range queues {
		close(queue)
	}
	people.Wait()
}

// one carries out one op.
func (w *Writers) one(ctx context.Context, op plan.Op) {
	attempt, cancel := context.WithTimeout(ctx, giveUp)
	defer cancel()
	subject := w.Subjects[op.Subject]
	side := AtCatalog
	if op.Side == plan.Stripe {
		side = AtStripe
	}
	var err error
	switch {
	case op.Side == plan.Catalog && op.Verb == plan.Create:
		err = w.People.CreateInCatalog(attempt, subject, op.Patch)
	case op.Verb == plan.Erase:
		err = w.People.EraseInCatalog(attempt, subject)
	case op.Side == plan.Catalog:
		err = w.People.WriteInCatalog(attempt, subject, op.Patch)
	case op.Verb == plan.Create:
		err = w.People.CreateAtStripe(attempt, subject, op.Patch)
	default:
		err = w.People.WriteAtStripe(attempt, subject, op.Patch)
	}
	if err == nil {
		return
	}
	w.People.Skipped[side].Add(1)
	if _, odd := errors.AsType[*unexpected](err); odd || ctx.Err() == nil {
		w.note(fmt.Sprintf("%s at the %s, %s: %v", op.Verb, op.Side, subject.Label, err))
	}
}

func (w *Writers) note(text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unexpected = append(w.unexpected, text)
}

// Unexpected are answers that no person should get, and writes that were never answered.
func (w *Writers) Unexpected() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.unexpected
}

// Add makes another subject, which the plan does not know.
func (w *Writers) Add(label string) *Subject {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := NewSubject(label, false)
	w.Subjects = append(w.Subjects, s)
	return s
}

// Records are what the oracle knows of all subjects that were born.
func (w *Writers) Records() (records []*oracle.Record) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.Subjects {
		if s.Born() {
			records = append(records, s.Record)
		}
	}
	return records
}
