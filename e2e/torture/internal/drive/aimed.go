package drive

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/plan"
	"github.com/datasync-dev/datasync/pkg/record"
)

// Aimed faults hit a service between two steps of its work. Each makes a customer of its own, to whom little else happens
// later that could hide what went wrong.

// aimLimit is how long an aimed fault waits for its moment. Another fault may keep that from coming; then it strikes
// without.
const aimLimit = 10 * time.Second

// fresh makes the customer of an aimed fault.
func (b *Breaker) fresh(ctx context.Context, f plan.Fault) *Subject {
	s := b.writers.Add(fmt.Sprintf("customer of a %s, %s", f.Kind, tag(f)))
	b.note(ctx, f, s.Label)
	return s
}

// tag makes the values of an aimed fault differ from all others.
func tag(f plan.Fault) string { return fmt.Sprintf("a%d", f.Pick%1e9) }

func birth(f plan.Fault) record.Patch {
	return record.Patch{"name": plan.Value("name", tag(f)), "email": plan.Value("email", tag(f))}
}

// holdLinks takes links for a fault, in their order, so that no two faults wait for each other.
func (b *Breaker) holdLinks(links []*cluster.Link) (release func()) {
	var releases []func()
	for _, l := range links {
		releases = append(releases, b.hold(l.Name))
	}
	return func() {
		for _, release := range releases {
			release()
		}
	}
}

func mend(ctx context.Context, links []*cluster.Link) (err error) {
	for _, l := range links {
		err = errors.Join(err, l.Mend(ctx))
	}
	return err
}

// restart kills all replicas of a service at once, does something, and starts them again.
func (b *Breaker) restart(replicas []*cluster.Process, meanwhile func() error) error {
	var dead sync.WaitGroup
	for _, p := range replicas {
		dead.Go(func() { b.killed(p) })
	}
	dead.Wait()
	err := meanwhile()
	for _, p := range replicas {
		err = errors.Join(err, p.Start())
	}
	return err
}
