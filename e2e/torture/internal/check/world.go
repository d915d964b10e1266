// Package check looks at a whole cluster and holds it against what the oracle knows.
package check

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/datasync-dev/datasync/e2e/torture/internal/cluster"
	"github.com/datasync-dev/datasync/e2e/torture/internal/drive"
	"github.com/datasync-dev/datasync/pkg/record"
)

// Checker looks at a cluster around all its proxies.
type Checker struct {
	Cluster   *cluster.Cluster
	Database  *pgxpool.Pool
	Simulator *drive.Simulator
}

// world is everything there is on all sides.
type world struct {
	customers map[string]customer     // by local id
	links     map[string]link         // by local id
	stripe    map[string]stripeObject // by id, without deleted ones
	states    map[string]string       // local id -> what the catalog believes of Stripe
	conflicts []conflict
}

type customer struct {
	ID      string
	Version int64
	Deleted bool
	Fields  record.Fields
}

type link struct {
	LocalID  string
	RemoteID string
	State    string
	Gone     bool
	Shadow   record.Fields
	Field    string // of the error
	Class    string
}

type conflict struct {
	CustomerID, Field, CatalogValue, RemoteValue, CatalogBy, Winner string
}

func (c *Checker) load(ctx context.Context) (w world, err error) {
	w = world{
		customers: map[string]customer{}, links: map[string]link{}, stripe: map[string]stripeObject{}, states: map[string]string{},
	}
	for _, load := range []func(context.Context, *world) error{c.loadCustomers, c.loadLinks, c.loadStates, c.loadConflicts, c.loadStripe} {
		if err := load(ctx, &w); err != nil {
			return w, err
		}
	}
	return w, nil
}

func query[T any](ctx context.Context, c *Checker, sql string) ([]T, error) {
	rows, err := c.Database.Query(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("look at the database: %w", err)
	}
	result, err := pgx.CollectRows(rows, pgx.RowToStructByPos[T])
	if err != nil {
		return nil, fmt.Errorf("look at the database: %w", err)
	}
	return result, nil
}

func (c *Checker) loadCustomers(ctx context.Context, w *world) error {
	rows, err := query[customer](ctx, c,
		`SELECT id::text, version, deleted_at IS NOT NULL, fields FROM `+cluster.CatalogSchema+`.customers`)
	for _, row := range rows {
		w.customers[row.ID] = row
	}
	return err
}

func (c *Checker) loadLinks(ctx context.Context, w *world) error {
	rows, err := query[link](ctx, c, `
SELECT local_id::text, COALESCE(remote_id, ''), state, gone, COALESCE(shadow, '{}'),
    COALESCE(error->>'field', ''), COALESCE(error->>'class', '') FROM `+cluster.ConnectorSchema+`.links`)
	for _, row := range rows {
		w.links[row.LocalID] = row
	}
	return err
}

func (c *Checker) loadStates(ctx context.Context, w *world) error {
	type state struct{ ID, State string }
	rows, err := query[state](ctx, c, `SELECT customer_id::text, state FROM `+cluster.CatalogSchema+`.customer_sync`)
	for _, row := range rows {
		w.states[row.ID] = row.State
	}
	return err
}

func (c *Checker) loadConflicts(ctx context.Context, w *world) (err error) {
	w.conflicts, err = query[conflict](ctx, c, `
SELECT customer_id::text, field, catalog_value, remote_value, catalog_by, winner FROM `+cluster.CatalogSchema+`.conflicts`)
	return err
}

// stripeObject is a customer as Stripe has it.
type stripeObject struct {
	ID     string
	Fields record.Fields
	Mark   string
}

func (c *Checker) loadStripe(ctx context.Context, w *world) error {
	var found struct {
		Data []json.RawMessage `json:"data"`
	}
	if err := c.Simulator.Get(ctx, "/_sim/customers", &found); err != nil {
		return err
	}
	for _, raw := range found.Data {
		object, err := canonical(raw)
		if err != nil {
			return err
		}
		w.stripe[object.ID] = object
	}
	return nil
}

// canonical reads a customer of Stripe. It does not use the connector's code: that is under test.
func canonical(raw []byte) (stripeObject, error) {
	type address struct {
		Line1, Line2, City, State, Country string
		PostalCode                         string `json:"postal_code"`
	}
	var c struct {
		ID, Name, Email, Phone, Description string

		Address  address
		Shipping struct {
			Name, Phone string
			Address     address
		}
		Metadata  map[string]string
		Locales   []string `json:"preferred_locales"`
		TaxExempt string   `json:"tax_exempt"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return stripeObject{}, fmt.Errorf("read a customer of Stripe: %w", err)
	}
	object := stripeObject{ID: c.ID, Mark: c.Metadata["datasync_id"]}
	for key := range c.Metadata {
		if strings.HasPrefix(key, "datasync_") {
			delete(c.Metadata, key)
		}
	}
	object.Fields = record.Customer{
		Name: c.Name, Email: c.Email, Phone: c.Phone, Description: c.Description,
		Address: addressOf(c.Address), Metadata: c.Metadata, PreferredLocales: c.Locales, TaxExempt: c.TaxExempt,
		Shipping: record.Shipping{Name: c.Shipping.Name, Phone: c.Shipping.Phone, Address: addressOf(c.Shipping.Address)},
	}.Fields()
	return object, nil
}

func addressOf(a struct {
	Line1, Line2, City, State, Country string
	PostalCode                         string `json:"postal_code"`
},
) record.Address {
	return record.Address{Line1: a.Line1, Line2: a.Line2, City: a.City, State: a.State, PostalCode: a.PostalCode, Country: a.Country}
}

// Unrest is everything that still moves.
type Unrest struct {
	CatalogOutbox, ConnectorOutbox int
	LinksDue                       int // something is to be done, now or later
	Deliveries                     int // webhooks on their way
}

// Quiet reports whether nothing moves.
func (u Unrest) Quiet() bool { return u == Unrest{} }

// Unrest looks, cheaply, at what still moves. It cannot see messages that the broker holds.
func (c *Checker) Unrest(ctx context.Context) (u Unrest, err error) {
	row := c.Database.QueryRow(ctx, `
SELECT (SELECT count(*) FROM `+cluster.CatalogSchema+`.outbox), (SELECT count(*) FROM `+cluster.ConnectorSchema+`.outbox),
    (SELECT count(*) FROM `+cluster.ConnectorSchema+`.links WHERE due_at IS NOT NULL)`)
	if err := row.Scan(&u.CatalogOutbox, &u.ConnectorOutbox, &u.LinksDue); err != nil {
		return u, fmt.Errorf("look at the outboxes: %w", err)
	}
	stats, err := c.Stats(ctx)
	u.Deliveries = stats.Deliveries.Pending
	return u, err
}

// Stats are what the simulator counted.
type Stats struct {
	Requests       map[string]map[string]int `json:"requests"`
	Duplicates     int                       `json:"duplicates"`
	DuplicateMarks []string                  `json:"duplicate_marks"`
	Customers      struct {
		Created int `json:"created"`
		Live    int `json:"live"`
	} `json:"customers"`
	Deliveries struct {
		OK      int `json:"ok"`
		Failed  int `json:"failed"`
		Pending int `json:"pending"`
		Dropped int `json:"dropped"`
	} `json:"deliveries"`
	OverlappingWrites int `json:"overlapping_writes"`
}

// Stats asks the simulator for its counts.
func (c *Checker) Stats(ctx context.Context) (s Stats, err error) {
	err = c.Simulator.Get(ctx, "/_sim/stats", &s)
	return s, err
}

// Refused is how many calls were refused because of what they asked for.
func (s Stats) Refused() (count int) {
	for _, statuses := range s.Requests {
		count += statuses["400"]
	}
	return count
}

// feedEndpoint is what the connector reads from time to time in search of events that no webhook told it of.
const feedEndpoint = "GET /v1/events"

const lookEndpoint = "GET /v1/customers/{id}"

// watchEndpoint is what it looks at every ten minutes to see whether webhooks are delivered at all.
const watchEndpoint = "GET /v1/webhook_endpoints"

// Calls counts calls of Stripe's API.
type Calls struct {
	All     int // but for the feed, and looks at the webhook endpoint
	Looks   int // of these, at one customer
	Writing int // of these, writes that were answered with success
	Feed    int // of the feed of events
}

// Calls are all calls so far.
func (s Stats) Calls() (c Calls) {
	for endpoint, statuses := range s.Requests {
		for status, count := range statuses {
			if endpoint == feedEndpoint {
				c.Feed += count
				continue
			}
			if endpoint == watchEndpoint {
				continue
			}
			c.All += count
			if endpoint == lookEndpoint {
				c.Looks += count
			}
			if !strings.HasPrefix(endpoint, "GET ") && strings.HasPrefix(status, "2") {
				c.Writing += count
			}
		}
	}
	return c
}

// interval is how often the checker looks while it waits.
const interval = 250 * time.Millisecond

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
