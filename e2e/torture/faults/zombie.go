package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/drive"
	"github.com/datasync-dev/datasync/pkg/record"
)

// zombie is a connector that is frozen between a call to Stripe, which has had its effect, and the commit of what it came
// to. When it goes on, another one has long taken the record over.
type zombie struct {
	process *cluster.Process
	subject *drive.Subject
	lost    float64 // leases, before
}

// freezeHolder freezes the connector that is making a customer at Stripe just now.
func freezeHolder(ctx context.Context, r *rig) error {
	if err := r.simulator.Turn(ctx, map[string]any{"response_delay_ms": 2500}); err != nil {
		return err
	}
	s, err := r.customer(ctx, "customer of a zombie")
	if err != nil {
		return err
	}
	local, _ := s.IDs()
	var owner string
	err = r.until(ctx, quietLimit, "Stripe has the customer, and a connector waits for the answer", func(ctx context.Context) bool {
		ids, err := r.simulator.FindByEmail(ctx, s.Writes()[0].Patch["email"])
		if err != nil || len(ids) == 0 {
			return false
		}
		err = r.database.QueryRow(ctx, `SELECT lease_owner FROM `+cluster.ConnectorSchema+`.links
			WHERE local_id = $1 AND remote_id IS NULL`, local).Scan(&owner)
		return err == nil && owner != ""
	})
	if err != nil {
		return err
	}
	for _, p := range r.cluster.Connectors {
		if strings.HasSuffix(owner, p.Addr) {
			r.zombie = zombie{process: p, subject: s, lost: r.metric(ctx, p, "datasync_leases_lost_total")}
			p.Freeze()
		}
	}
	if r.zombie.process == nil {
		return fmt.Errorf("the lease is held by %q, which is no connector of ours", owner)
	}
	if err := r.simulator.Turn(ctx, map[string]any{"response_delay_ms": 0}); err != nil {
		return err
	}
	// Another connector takes over; then both sides move on.
	patch := record.Patch{"phone": r.value("phone")}
	if err := r.writers.People.WriteAtStripe(ctx, s, patch); err != nil {
		return err
	}
	return r.writers.People.WriteInCatalog(ctx, s, record.Patch{"name": r.value("name")})
}

// thawHolder lets it go on, and sees that what it wrote back was refused.
func thawHolder(ctx context.Context, r *rig) error {
	z := r.zombie
	z.process.Thaw()
	return r.until(ctx, quietLimit, "the zombie noticed that its lease was lost", func(ctx context.Context) bool {
		return r.metric(ctx, z.process, "datasync_leases_lost_total") > z.lost
	})
}

// metric sums the samples of a metric of a service; 0 when it does not answer.
func (r *rig) metric(ctx context.Context, p *cluster.Process, name string) (sum float64) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for line := range strings.Lines(r.ask(ctx, p, "/metrics")) {
		var value float64
		rest, found := strings.CutPrefix(line, name)
		if _, err := fmt.Sscan(rest[strings.LastIndexByte(rest, ' ')+1:], &value); found && err == nil {
			sum += value
		}
	}
	return sum
}
