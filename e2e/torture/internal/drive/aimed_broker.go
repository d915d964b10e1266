package drive

import (
	"context"
	"errors"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/plan"
)

// killAtBroker kills all replicas of one service between two steps of its business with the broker: what they have
// committed is not published yet, or published and not confirmed, or taken in and not acknowledged.
func (b *Breaker) killAtBroker(ctx context.Context, f plan.Fault) error {
	replicas, links := b.cluster.Catalogs, b.cluster.CatalogToBroker
	connectors := f.Pick%2 == 1
	if connectors {
		replicas, links = b.cluster.Connectors, b.cluster.ConnectorToBroker
	}
	defer b.holdLinks(links)()
	s := b.fresh(ctx, f)
	err := breakLinks(f.Kind, links)
	if err == nil {
		err = b.reach(ctx, f, s, connectors)
	}
	if err == nil {
		err = b.restart(replicas, func() error { return mend(ctx, links) })
	}
	return errors.Join(err, mend(ctx, links))
}

// breakLinks keeps a service from the step that it must not reach.
func breakLinks(kind plan.Kind, links []*cluster.Link) (err error) {
	for _, l := range links {
		switch kind {
		case plan.KillAfterPublish: // a confirm does not come back
			err = errors.Join(err, l.Deafen())
		case plan.KillBeforeAck: // an acknowledgement does not arrive
			err = errors.Join(err, l.Mute())
		default:
			l.Cut()
		}
	}
	return err
}

// reach makes a customer on the side from which its way leads through the service, and waits until it has come as far as
// it can.
func (b *Breaker) reach(ctx context.Context, f plan.Fault, s *Subject, connectors bool) (err error) {
	fromStripe := connectors
	if f.Kind == plan.KillBeforeAck { // it is taken in, not sent
		fromStripe = !connectors
	}
	inCatalog := `SELECT EXISTS (SELECT FROM ` + cluster.CatalogSchema + `.customers WHERE id = $1::uuid)`
	inConnector := `SELECT EXISTS (SELECT FROM ` + cluster.ConnectorSchema + `.links WHERE local_id = $1::uuid)`
	arrived := inConnector
	switch {
	case fromStripe && f.Kind == plan.KillAfterCommit:
		arrived = `SELECT EXISTS (SELECT FROM ` + cluster.ConnectorSchema + `.links WHERE local_id = $1::uuid AND seq > 0)`
	case fromStripe:
		arrived = inCatalog
	case f.Kind == plan.KillAfterCommit:
		arrived = inCatalog
	}
	if fromStripe {
		err = b.writers.People.CreateAtStripe(ctx, s, birth(f))
	} else {
		err = b.writers.People.CreateInCatalog(ctx, s, birth(f))
	}
	if err != nil {
		return err
	}
	local, _ := s.IDs()
	_ = b.until(ctx, aimLimit, arrived, local) // with yet another fault it may take longer; then so be it
	return nil
}
