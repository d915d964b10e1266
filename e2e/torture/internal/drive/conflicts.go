package drive

import (
	"context"
	"fmt"
	"time"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/plan"
	"github.com/datasync-dev/datasync/pkg/record"
)

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
	if err := b.links(ctx, time.Minute, `state = 'synced'`, subjects(known)...); err != nil {
		return nil, err
	}
	for _, link := range b.cluster.ConnectorToBroker {
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
	if err := b.links(ctx, time.Minute, `pending ? 'name'`, subjects(known)...); err != nil {
		return nil, err
	}
	for _, link := range b.cluster.ConnectorToBroker {
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

func subjects(known []Known) (list []*Subject) {
	for _, k := range known {
		list = append(list, k.Subject)
	}
	return list
}

// links waits until a condition holds for the links of all subjects.
func (b *Breaker) links(ctx context.Context, limit time.Duration, condition string, subjects ...*Subject) error {
	ids := make([]string, 0, len(subjects))
	for _, s := range subjects {
		local, _ := s.IDs()
		ids = append(ids, local)
	}
	query := `SELECT count(*) >= cardinality($1::uuid[]) FROM ` + cluster.ConnectorSchema + `.links WHERE local_id = ANY($1) AND ` + condition
	if err := b.until(ctx, limit, query, ids); err != nil {
		return fmt.Errorf("wait for links with %s: %w", condition, err)
	}
	return nil
}

// until waits until a query that returns one boolean returns true.
func (b *Breaker) until(ctx context.Context, limit time.Duration, query string, args ...any) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		var holds bool
		err := b.writers.People.database.QueryRow(ctx, query, args...).Scan(&holds)
		if err == nil && holds { // an error: the database is away
			return nil
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}
