package rows

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/datasync-dev/datasync/e2e/bench/internal/load"
	"github.com/datasync-dev/datasync/e2e/bench/internal/report"
	"github.com/datasync-dev/datasync/e2e/bench/internal/rig"
)

const (
	few  = 1_000
	many = 1_000_000 // also when the rest is small: what grows with the table shows only in a large one
	slow = 100       // ms: of what takes so long a few requests tell enough
)

// list measures pages and searches of a catalog with few customers and of one with many, in turn.
func list(ctx context.Context, b *Bench) (rows []report.Row, err error) {
	var catalogs [2]*rig.Process
	for i, count := range []int{many, few} {
		d, err := b.Rig.StartCatalog(ctx)
		if err != nil {
			return nil, err
		}
		if err := fill(ctx, b, d.CatalogSchema, count); err != nil {
			return nil, err
		}
		catalogs[i] = d.Catalog
	}
	for _, query := range []struct{ name, path string }{
		{"first page", "/v1/customers?limit=20"},
		{"a page in the middle", "/v1/customers?limit=20&cursor={cursor}"},
		{"by email", "/v1/customers?email=Customer500@example.com"},
		{"by the beginning of the name", "/v1/customers?limit=20&q=customer%20500%20g"},
		{"by Stripe's id", "/v1/customers?stripe_customer_id=cus_500"},
		{"failed ones", "/v1/customers?limit=20&sync_state=failed"},
		{"pending ones", "/v1/customers?limit=20&sync_state=pending"},
	} {
		var p50 sample
		err := b.alternate(ask(ctx, catalogs[0], query.path, &p50.ours), ask(ctx, catalogs[1], query.path, &p50.floor))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", query.name, err)
		}
		rows = append(rows, p50.row(fmt.Sprintf("list %s, %d and %d customers: p50 ms", query.name, many, few), report.AtMost(1.5)))
	}
	return rows, nil
}

// ask is a round that asks a catalog the same again and again.
func ask(ctx context.Context, p *rig.Process, path string, p50 *[]float64) func(bool) error {
	requests := 20
	return func(counts bool) error {
		request, err := request(ctx, p, path)
		if err != nil {
			return err
		}
		outcome, err := load.Times(ctx, load.Target{
			Addr: p.Addr, Status: http.StatusOK, Request: func(int) load.Request { return request },
		}, 1, requests)
		median := load.Milliseconds(load.Quantile(outcome.Latencies, 0.5))
		if median > slow {
			requests = 2
		}
		if err == nil && counts {
			*p50 = append(*p50, median)
		}
		return err
	}
}

// request makes the request of a query; where that needs a cursor, one of a page in.
func request(ctx context.Context, p *rig.Process, path string) (load.Request, error) {
	var page struct {
		Next string `json:"next_cursor"`
	}
	if err := call(ctx, http.MethodGet, p.URL+"/v1/customers?limit=200", "", &page); err != nil {
		return nil, err
	}
	path = strings.Replace(path, "{cursor}", url.QueryEscape(page.Next), 1)
	return load.NewRequest(http.MethodGet, p.Addr, path, nil, "Authorization", "Bearer "+rig.APIKey), nil
}

// fill makes customers by SQL. Their indexes are made again afterwards, which takes a fraction of the time.
func fill(ctx context.Context, b *Bench, schema string, count int) error {
	return inSchema(ctx, b, schema, func(tx pgx.Tx) error { return fillCustomers(ctx, tx, schema, count) })
}

// inSchema commits what is done with the tables of a schema, and vacuums them.
func inSchema(ctx context.Context, b *Bench, schema string, work func(tx pgx.Tx) error) error {
	tx, err := b.Rig.DB().Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := tx.Exec(ctx, "SET LOCAL search_path = "+pgx.Identifier{schema}.Sanitize()); err != nil {
		return err
	}
	if err := work(tx); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return err
	}
	return b.Rig.Vacuum(ctx, schema)
}

func fillCustomers(ctx context.Context, tx pgx.Tx, schema string, count int) error {
	rows, err := tx.Query(ctx, `SELECT indexname, indexdef FROM pg_indexes
		WHERE schemaname = $1 AND tablename IN ('customers', 'customer_sync') AND indexname NOT LIKE '%\_pkey'`, schema)
	if err != nil {
		return err
	}
	indexes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[index])
	if err != nil {
		return err
	}
	for _, i := range indexes {
		if _, err := tx.Exec(ctx, "DROP INDEX "+pgx.Identifier{i.Name}.Sanitize()); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, fillSQL, count); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	if _, err := tx.Exec(ctx, fillSyncSQL); err != nil {
		return fmt.Errorf("fill: %w", err)
	}
	for _, i := range indexes {
		if _, err := tx.Exec(ctx, i.Definition); err != nil {
			return err
		}
	}
	return nil
}

type index struct{ Name, Definition string }

// Ids ascend as UUIDv7 do.
const fillSQL = `
INSERT INTO customers (id, version, generation, fields, clock, seen, created_at, updated_at)
SELECT ('0199c2a4-0000-7000-8000-' || lpad(to_hex(i), 12, '0'))::uuid, 1, 1,
    jsonb_build_object('name', 'Customer ' || i || ' GmbH', 'email', 'customer' || i || '@example.com', 'phone', '+4930' || i,
        'address.city', 'Berlin', 'address.country', 'DE', 'metadata.plan', 'pro'),
    jsonb_build_object('name', jsonb_build_object('version', 1, 'by', 'catalog', 'at', now())), '{}',
    now() - make_interval(secs => ($1 - i)), now() - make_interval(secs => ($1 - i))
FROM generate_series(1, $1::int) i`

// One customer in a hundred is failed, and the ten newest ones are still on their way.
const fillSyncSQL = `
INSERT INTO customer_sync (customer_id, remote, remote_id, state, version, generation, revision, synced_at, created_at)
SELECT id, 'stripe', 'cus_' || split_part(fields ->> 'name', ' ', 2), CASE WHEN n % 100 = 1 THEN 'failed' ELSE 'synced' END, 1, 1, 1, now(),
    CASE WHEN n % 100 = 1 THEN created_at END
FROM (SELECT id, fields, created_at, row_number() OVER (ORDER BY id) AS n, count(*) OVER () AS total FROM customers) c WHERE n <= c.total - 10`
