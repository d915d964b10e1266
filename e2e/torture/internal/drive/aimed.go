package drive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/plan"
	"github.com/datasync-dev/datasync/pkg/record"
)

// killAfterCall kills all connectors between a call to Stripe, which has had its effect, and the commit of what it came
// to; and while they are dead a person edits the customer that they do not know of yet.
func (b *Breaker) killAfterCall(ctx context.Context, f plan.Fault) error {
	defer b.hold("response_delay_ms")()
	s, email, err := b.caught(ctx, f, "customer of an aimed kill")
	if err != nil {
		return err
	}
	ids, err := b.appears(ctx, email)
	if err == nil {
		err = b.restartConnectors(func() error {
			if len(ids) == 0 {
				return nil
			}
			s.SetIDs("", ids[0])
			return b.writers.People.WriteAtStripe(ctx, s, record.Patch{"description": plan.Value("description", tag(f))})
		})
	}
	return errors.Join(err, b.simulator.Turn(ctx, slowAnswers(0)))
}

// freezeAfterCall freezes all connectors but one between a call to Stripe and the commit of what it came to. The one
// that is left takes the record over; people write, and it takes that in; then the frozen ones go on, and must not
// write back what they knew.
func (b *Breaker) freezeAfterCall(ctx context.Context, f plan.Fault) error {
	defer b.hold("response_delay_ms")()
	awake := int(f.Pick % uint64(len(b.cluster.Connectors)))
	frozen := slices.Delete(slices.Clone(b.cluster.Connectors), awake, awake+1)
	for _, p := range frozen { // in their order, so that no two faults wait for each other
		defer b.hold(p.Name)()
	}
	s, email, err := b.caught(ctx, f, "customer of an aimed freeze")
	if err != nil {
		return err
	}
	ids, err := b.appears(ctx, email)
	for _, p := range frozen {
		p.Freeze()
	}
	if err == nil && len(ids) > 0 {
		s.SetIDs("", ids[0])
		err = errors.Join(pause(ctx, f.Hold),
			b.writers.People.WriteAtStripe(ctx, s, record.Patch{"description": plan.Value("description", tag(f))}))
		_ = b.links(ctx, 10*time.Second, `seq > 0`, s) // with yet another fault it may take longer; then so be it
	}
	for _, p := range frozen {
		p.Thaw()
	}
	err = errors.Join(err, b.simulator.Turn(ctx, slowAnswers(0)))
	if err != nil || len(ids) == 0 {
		return err
	}
	return errors.Join(pause(ctx, time.Second),
		b.writers.People.WriteAtStripe(ctx, s, record.Patch{"phone": plan.Value("phone", tag(f))}))
}

// caught makes a customer whose create at Stripe is not answered for a while.
func (b *Breaker) caught(ctx context.Context, f plan.Fault, label string) (s *Subject, email string, err error) {
	s = b.writers.Add(fmt.Sprintf("%s, %d", label, f.Pick))
	b.note(ctx, f, s.Label)
	if err := b.simulator.Turn(ctx, slowAnswers(2*time.Second)); err != nil {
		return nil, "", err
	}
	email = plan.Value("email", tag(f))
	return s, email, b.writers.People.CreateInCatalog(ctx, s, record.Patch{"name": plan.Value("name", tag(f)), "email": email})
}

// tag makes the values of an aimed fault differ from all others.
func tag(f plan.Fault) string { return fmt.Sprintf("a%d", f.Pick%1e9) }

func slowAnswers(by time.Duration) map[string]any {
	return map[string]any{"response_delay_ms": by.Milliseconds()}
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
