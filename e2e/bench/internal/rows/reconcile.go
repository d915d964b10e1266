package rows

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/datasync-dev/datasync/e2e/bench/internal/load"
	"github.com/datasync-dev/datasync/e2e/bench/internal/report"
	"github.com/datasync-dev/datasync/e2e/bench/internal/rig"
	"github.com/datasync-dev/datasync/e2e/bench/internal/stripe"
	"github.com/datasync-dev/datasync/pkg/admin"
)

const (
	reconcilePatience = 10 * time.Minute
	reconcileLook     = 200 * time.Millisecond // looking costs CPU too
)

// reconcile measures a comparison of every link with Stripe: its calls, its speed, and its memory at two sizes.
func reconcile(ctx context.Context, b *Bench) (rows []report.Row, err error) {
	var calls, pages, perSecond, cpu []float64
	var peak sample
	for _, size := range []struct {
		links, rounds int
		peak          *[]float64
	}{{fewLinks, 1, &peak.floor}, {b.size(manyLinks, mostLinks), 1, &peak.ours}} {
		err := b.Rig.Scope(ctx, func() error {
			c, err := b.linked(ctx, size.links)
			if err != nil {
				return err
			}
			result, err := c.compare(ctx, b)
			if err != nil {
				return err
			}
			bytes, err := c.DataSync.Connectors[0].Peak()
			*size.peak = append(*size.peak, float64(bytes)/1e6)
			calls, pages = []float64{float64(result.calls)}, []float64{float64(size.links) / stripe.PageSize}
			perSecond = []float64{float64(size.links) / result.took.Seconds()}
			cpu = []float64{load.Milliseconds(result.cpu) / float64(size.links)}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	many := b.size(manyLinks, mostLinks)
	name := fmt.Sprintf("reconcile, %d links: ", many)
	sizes := fmt.Sprintf("reconcile, %d and %d links: ", many, fewLinks)
	return []report.Row{
		report.New(name+"calls, and pages", calls, pages, report.AtMost(1)),
		report.New(name+"links/s", perSecond, nil, report.Goal{}),
		report.New(name+"CPU ms/link", cpu, nil, report.Goal{}),
		report.New(sizes+"MB resident at most", peak.ours, peak.floor, report.AtMost(1.2).And(report.Below(150))),
	}, nil
}

const (
	fewLinks  = 10_000
	manyLinks = 100_000
	mostLinks = 1_000_000
)

// linked is a connector with links to objects of a listing, all of them equal.
type linked struct {
	*rig.DataSync
	receiver *stripe.Receiver
	links    int
}

func (b *Bench) linked(ctx context.Context, links int) (*linked, error) {
	receiver, err := stripe.Listen(ctx)
	if err != nil {
		return nil, err
	}
	receiver.SetListed(links)
	d, err := b.Rig.StartCatalog(ctx)
	if err != nil {
		return nil, err
	}
	if err := d.StartConnector(ctx, receiver.URL, "", map[string]string{"SWEEP_EVERY": "0"}); err != nil {
		return nil, err
	}
	return &linked{d, receiver, links}, fillLinks(ctx, b, d.ConnectorSchema, links)
}

type compared struct {
	calls     int
	took, cpu time.Duration
}

// compare runs one comparison to its end.
func (l *linked) compare(ctx context.Context, b *Bench) (c compared, err error) {
	before, connector := l.receiver.Reads(), l.Connectors[0]
	var job admin.Job
	began := time.Now()
	c.cpu, err = b.cost(ctx, l.WithoutBroker(), func() error {
		if err := call(ctx, http.MethodPost, connector.URL+"/admin/v1/reconciles", `{"rate":100000}`, &job); err != nil {
			return err
		}
		return rig.Within(ctx, reconcilePatience, "the comparison is done", func(ctx context.Context) (bool, error) {
			<-time.After(reconcileLook)
			err := call(ctx, http.MethodGet, connector.URL+"/admin/v1/jobs/"+job.ID, "", &job)
			return !job.FinishedAt.IsZero(), err
		})
	})
	c.calls, c.took = l.receiver.Reads()-before, time.Since(began)
	if err == nil && (job.Reconcile == nil || job.Reconcile.Equal != int64(l.links)) {
		err = fmt.Errorf("the comparison found %+v and not %d equal records: %s", job.Reconcile, l.links, job.Error)
	}
	return c, err
}

// fillLinks makes links by SQL to the objects that the receiver lists.
func fillLinks(ctx context.Context, b *Bench, schema string, count int) error {
	return inSchema(ctx, b, schema, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, fillLinksSQL, count); err != nil {
			return fmt.Errorf("fill: %w", err)
		}
		return nil
	})
}

// The objects of stripe.Receiver.SetListed hold the same.
const fillLinksSQL = `
INSERT INTO links (kind, local_id, remote_id, desired, desired_version, shadow, version, generation, marked, state, updated_at)
SELECT 'customer', id, 'cus_listed' || i,
    jsonb_build_object('kind', 'customer', 'id', id, 'version', 1, 'generation', 1, 'fields', fields, 'seen', '{}'::jsonb),
    1, fields, 1, 1, 1, 'synced', now() - interval '1 day'
FROM (SELECT i, ('0199c2a4-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid AS id,
        jsonb_build_object('name', 'Customer ' || i, 'email', 'customer' || i || '@example.com', 'address.city', 'Berlin',
            'address.country', 'DE', 'metadata.plan', 'pro') AS fields
    FROM generate_series(1, $1::int) i) AS made`
