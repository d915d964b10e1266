package drive

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/plan"
	"github.com/datasync-dev/datasync/pkg/record"
)

// freezeAfterCall freezes all connectors but one between a call to Stripe and the commit of what it came to. The one
// that is left takes the record over; people write, and it takes that in; then the frozen ones go on, and must not
// write back what they knew.
func (b *Breaker) freezeAfterCall(ctx context.Context, f plan.Fault) error {
	defer b.hold("response_delay_ms")()
	for _, p := range b.cluster.Connectors { // in their order, so that no two faults wait for each other
		defer b.hold(p.Name)()
	}
	s := b.fresh(ctx, f)
	ids, err := b.caught(ctx, f, s)
	frozen := b.allButOne(ctx, f, s)
	for _, p := range frozen {
		p.Freeze()
	}
	if err == nil && len(ids) > 0 {
		s.SetIDs("", ids[0])
		err = errors.Join(pause(ctx, f.Hold), b.editOften(ctx, f, s))
	}
	for _, p := range frozen {
		p.Thaw()
	}
	err = errors.Join(err, b.simulator.Turn(ctx, slowAnswers(0)))
	if err != nil || len(ids) == 0 {
		return err
	}
	return errors.Join(pause(ctx, time.Second), // so that they have written back what they could
		b.writers.People.WriteAtStripe(ctx, s, record.Patch{"phone": plan.Value("phone", tag(f))}))
}

// editOften makes edits at Stripe that a connector sees one by one: what a frozen one knows falls behind by as many
// changes, and if it wrote that back, as many later edits would be taken for ones that the catalog has seen.
func (b *Breaker) editOften(ctx context.Context, f plan.Fault, s *Subject) error {
	for _, field := range []string{"description", "metadata.note", "metadata.tier"} {
		value := plan.Value(field, tag(f))
		if err := b.writers.People.WriteAtStripe(ctx, s, record.Patch{field: value}); err != nil {
			return err
		}
		_ = b.links(ctx, aimLimit, `shadow->>'`+field+`' = '`+value+`'`, s) // with yet another fault it may take longer; then so be it
	}
	return nil
}

// allButOne are all connectors but one, among them the one that is at work on the subject.
func (b *Breaker) allButOne(ctx context.Context, f plan.Fault, s *Subject) []*cluster.Process {
	local, _ := s.IDs()
	var owner string // stays empty when the database is away: then any will do
	_ = b.writers.People.database.QueryRow(ctx, `SELECT lease_owner FROM `+cluster.ConnectorSchema+`.links WHERE local_id = $1`, local).Scan(&owner)
	awake := pick(b.cluster.Connectors, f.Pick)
	if strings.HasSuffix(owner, "/"+awake.Addr) {
		awake = pick(b.cluster.Connectors, f.Pick+1)
	}
	return slices.DeleteFunc(slices.Clone(b.cluster.Connectors), func(p *cluster.Process) bool { return p == awake })
}
