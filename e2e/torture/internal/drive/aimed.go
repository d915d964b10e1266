package drive

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/plan"
	"github.com/datasync-dev/datasync/pkg/record"
)

// killAfterCall kills all connectors between a call to Stripe, which has had its effect, and the commit of what it came
// to; and while they are dead a person edits the customer that they do not know of yet.
func (b *Breaker) killAfterCall(ctx context.Context, f plan.Fault) error {
	defer b.hold("response_delay_ms")()
	s := b.writers.Add(fmt.Sprintf("customer of an aimed kill, %d", f.Pick))
	b.note(ctx, f, s.Label)
	if err := b.simulator.Turn(ctx, map[string]any{"response_delay_ms": 2000}); err != nil {
		return err
	}
	tag := fmt.Sprintf("a%d", f.Pick%1e9)
	email := plan.Value("email", tag)
	if err := b.writers.People.CreateInCatalog(ctx, s, record.Patch{"name": plan.Value("name", tag), "email": email}); err != nil {
		return err
	}
	ids, err := b.appears(ctx, email)
	if err == nil {
		err = b.restartConnectors(func() error {
			if len(ids) == 0 {
				return nil
			}
			s.SetIDs("", ids[0])
			return b.writers.People.WriteAtStripe(ctx, s, record.Patch{"description": plan.Value("description", tag)})
		})
	}
	if back := b.simulator.Turn(ctx, map[string]any{"response_delay_ms": 0}); err == nil {
		err = back
	}
	return err
}

// appears waits until a customer is there at Stripe. When Stripe is not reached for too long, the kill is made without.
func (b *Breaker) appears(ctx context.Context, email string) (ids []string, err error) {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end) && len(ids) == 0; {
		if ids, err = b.simulator.FindByEmail(ctx, email); err != nil {
			return nil, err
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// restartConnectors kills all connectors at once, does something, and starts them again.
func (b *Breaker) restartConnectors(meanwhile func() error) error {
	var dead sync.WaitGroup
	for _, p := range b.cluster.Connectors {
		dead.Go(func() { b.killed(p) })
	}
	dead.Wait()
	err := meanwhile()
	for _, p := range b.cluster.Connectors {
		if started := p.Start(); err == nil {
			err = started
		}
	}
	return err
}

// Conflicts makes conflicts that must be found: with the connectors cut off from the broker, both sides write the same
// field of customers that both know, and each write is known to its own side before the connectors are back.
func (b *Breaker) Conflicts(ctx context.Context, count int) ([]Known, error) {
	known := make([]Known, count)
	for i := range known {
		tag := fmt.Sprintf("c%d", i)
		s := b.writers.Add(fmt.Sprintf("customer of a known conflict, %d", i))
		birth := record.Patch{"name": plan.Value("name", tag), "email": plan.Value("email", tag)}
		if err := b.writers.People.CreateInCatalog(ctx, s, birth); err != nil {
			return nil, err
		}
		known[i] = Known{s, "name", plan.Value("name", tag+" catalog"), plan.Value("name", tag+" stripe")}
	}
	if err := b.settled(ctx, known, `state = 'synced'`); err != nil {
		return nil, err
	}
	for _, link := range b.cluster.BrokerLink {
		link.Cut()
	}
	for _, k := range known {
		if err := b.writers.People.WriteInCatalog(ctx, k.Subject, record.Patch{k.Field: k.Catalog}); err != nil {
			return nil, err
		}
		if err := b.writers.People.WriteAtStripe(ctx, k.Subject, record.Patch{k.Field: k.Stripe}); err != nil {
			return nil, err
		}
	}
	if err := b.settled(ctx, known, `pending ? 'name'`); err != nil {
		return nil, err
	}
	for _, link := range b.cluster.BrokerLink {
		if err := link.Mend(ctx); err != nil {
			return nil, err
		}
	}
	return known, nil
}

// Known is a conflict that has to be on record in the end.
type Known struct {
	*Subject
	Field, Catalog, Stripe string
}

// settled waits until a condition holds for the links of all.
func (b *Breaker) settled(ctx context.Context, known []Known, condition string) error {
	ids := make([]string, 0, len(known))
	for _, k := range known {
		local, _ := k.IDs()
		ids = append(ids, local)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for count := 0; count < len(ids); {
		query := `SELECT count(*) FROM ` + cluster.ConnectorSchema + `.links WHERE local_id = ANY($1::uuid[]) AND ` + condition
		if err := b.writers.People.links.QueryRow(ctx, query, ids).Scan(&count); err != nil && ctx.Err() != nil {
			return fmt.Errorf("wait for links with %s: %w", condition, err)
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("wait for links with %s: %w", condition, err)
		}
	}
	return nil
}
