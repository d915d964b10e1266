package drive

import (
	"context"
	"errors"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/plan"
	"github.com/datasync-dev/datasync/pkg/record"
)

// killAfterIntent kills all connectors when one has committed what it is about to call and Stripe cannot be reached; and
// while they are dead a person edits the customer in the catalog, which must not change the call.
func (b *Breaker) killAfterIntent(ctx context.Context, f plan.Fault) error {
	links := b.cluster.ConnectorToStripe
	defer b.holdLinks(links)()
	s := b.fresh(ctx, f)
	for _, l := range links {
		l.Cut()
	}
	err := b.writers.People.CreateInCatalog(ctx, s, birth(f))
	if err == nil {
		_ = b.links(ctx, aimLimit, `intent IS NOT NULL`, s) // with yet another fault it may take longer; then so be it
		err = b.restart(b.cluster.Connectors, func() error {
			return b.writers.People.WriteInCatalog(ctx, s, record.Patch{"description": plan.Value("description", tag(f))})
		})
	}
	return errors.Join(err, mend(ctx, links))
}

// killAfterCall kills all connectors between a call to Stripe, which has had its effect, and the commit of what it came
// to: before the answer arrives or, every other time, after. While they are dead a person edits the customer that they
// do not know of yet.
func (b *Breaker) killAfterCall(ctx context.Context, f plan.Fault) error {
	defer b.hold("response_delay_ms")()
	s := b.fresh(ctx, f)
	ids, err := b.caught(ctx, f, s)
	if err == nil {
		unlock := func() {}
		if f.Pick/2%2 == 1 && len(ids) > 0 {
			unlock = b.lockLink(ctx, s)
		}
		err = b.restart(b.cluster.Connectors, func() error {
			unlock()
			if len(ids) == 0 {
				return nil
			}
			s.SetIDs("", ids[0])
			return b.writers.People.WriteAtStripe(ctx, s, record.Patch{"description": plan.Value("description", tag(f))})
		})
	}
	return errors.Join(err, b.simulator.Turn(ctx, slowAnswers(0)))
}

// lockLink keeps a worker that has its answer from writing it back, and returns when one waits for that.
func (b *Breaker) lockLink(ctx context.Context, s *Subject) (unlock func()) {
	local, _ := s.IDs()
	tx, err := b.writers.People.database.Begin(ctx)
	if err != nil { // the database is away, which keeps everybody from writing
		return func() {}
	}
	var locker int
	err = tx.QueryRow(ctx, `SELECT pg_backend_pid() FROM `+cluster.ConnectorSchema+`.links WHERE local_id = $1 FOR UPDATE`, local).Scan(&locker)
	if err == nil {
		_ = b.until(ctx, aimLimit, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY(pg_blocking_pids(pid)))`, locker)
	}
	return func() { _ = tx.Rollback(ctx) } // of what the database may have forgotten
}

// caught makes a customer whose create at Stripe is not answered for a while, and returns its ids there.
func (b *Breaker) caught(ctx context.Context, f plan.Fault, s *Subject) (ids []string, err error) {
	if err := b.simulator.Turn(ctx, slowAnswers(2*time.Second)); err != nil {
		return nil, err
	}
	if err := b.writers.People.CreateInCatalog(ctx, s, birth(f)); err != nil {
		return nil, err
	}
	return b.appears(ctx, birth(f)["email"])
}

func slowAnswers(by time.Duration) map[string]any {
	return map[string]any{"response_delay_ms": by.Milliseconds()}
}

// appears waits until a customer is there at Stripe. When Stripe is not reached for too long, the kill is made without.
func (b *Breaker) appears(ctx context.Context, email string) (ids []string, err error) {
	for end := time.Now().Add(aimLimit); time.Now().Before(end) && len(ids) == 0; {
		if ids, err = b.simulator.FindByEmail(ctx, email); err != nil {
			return nil, err
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return ids, nil
}
