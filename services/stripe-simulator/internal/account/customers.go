package account

import (
	"slices"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
)

// Mark is the metadata key whose value tells two customers apart that were created for one and the same record.
const Mark = "datasync_id"

// CreateCustomer stores a new customer and tells about it.
func (d *Side) CreateCustomer(edit Edit, origin Origin) (*Customer, error) {
	blank := &Customer{
		ID: NewID("cus_", 14), Object: "customer", Livemode: d.livemode, Metadata: map[string]string{},
		InvoicePrefix: Text(newInvoicePrefix()), NextInvoiceSequence: 1, PreferredLocales: []string{}, TaxExempt: "none",
	}
	c, err := edit.apply(blank)
	if err != nil {
		return nil, err
	}
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	now := d.store.now()
	c.Created, c.at = now.Unix(), now
	if err := c.render(); err != nil {
		return nil, err
	}
	r := &row{pos: d.next(), current: c}
	d.customers[c.ID] = r
	d.order = append(d.order, r)
	d.indexEmail(r, "", c.Email)
	d.counts.Created++
	d.counts.Live++
	if mark := c.Metadata[Mark]; mark != "" {
		d.marks[mark]++
	}
	return c, d.emit("customer.created", c.raw, nil, origin)
}

// Customer returns the customer as it is now, deleted ones included.
func (d *Side) Customer(id string) (*Customer, error) {
	d.store.mu.RLock()
	defer d.store.mu.RUnlock()
	if r := d.customers[id]; r != nil {
		return r.current, nil
	}
	return nil, d.noCustomer(id)
}

// UpdateCustomer changes a customer and tells what changed; when nothing did, it tells nothing.
func (d *Side) UpdateCustomer(id string, edit Edit, origin Origin) (*Customer, error) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	r, err := d.alive(id)
	if err != nil {
		return nil, err
	}
	old := r.current
	c, err := edit.apply(old)
	if err != nil {
		return nil, err
	}
	previous := previousAttributes(old, c)
	if len(previous) == 0 {
		return old, nil
	}
	if err := c.render(); err != nil {
		return nil, err
	}
	d.replace(r, c)
	d.indexEmail(r, old.Email, c.Email)
	return c, d.emit("customer.updated", c.raw, previous, origin)
}

// DeleteCustomer deletes a customer for ever and cancels its subscriptions.
func (d *Side) DeleteCustomer(id string, origin Origin) (*Customer, error) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	r, err := d.alive(id)
	if err != nil {
		return nil, err
	}
	if err := d.cancelSubscriptions(id, origin); err != nil {
		return nil, err
	}
	gone := *r.current
	gone.deleted, gone.prev = true, nil
	d.replace(r, &gone)
	d.indexEmail(r, gone.Email, "")
	d.counts.Live--
	return &gone, d.emit("customer.deleted", gone.raw, nil, origin)
}

// CustomerFilter selects customers of a listing.
type CustomerFilter struct {
	Email   string // exact, case-sensitive; "" for all
	Created Created
	Match   func(*Customer) bool // nil for all
}

// Customers lists customers that are not deleted.
func (d *Side) Customers(f CustomerFilter, r Range) Page[*Customer] {
	d.store.mu.RLock()
	defer d.store.mu.RUnlock()
	from := d.order
	if f.Email != "" {
		from = d.byEmail[f.Email]
	}
	rows := page(from, r, func(r *row) bool {
		return !r.current.deleted && f.Created.Match(r.current.Created) && (f.Match == nil || f.Match(r.current))
	})
	out := Page[*Customer]{Data: make([]*Customer, len(rows.Data)), HasMore: rows.HasMore}
	for i, r := range rows.Data {
		out.Data[i] = r.current
	}
	return out
}

// CustomerPosition returns a customer's place in the listing. Deleted ones keep theirs, so that somebody can delete
// while paging.
func (d *Side) CustomerPosition(id string) (int64, bool) {
	d.store.mu.RLock()
	defer d.store.mu.RUnlock()
	r := d.customers[id]
	if r == nil {
		return 0, false
	}
	return r.pos, true
}

// SearchCustomers returns, newest first, the customers that match as they were before the lag of search, at most limit
// after skipping some.
func (d *Side) SearchCustomers(match func(*Customer) bool, skip, limit int) Page[*Customer] {
	d.store.mu.RLock()
	defer d.store.mu.RUnlock()
	seen := d.store.now().Add(-d.store.lag())
	var out Page[*Customer]
	for _, r := range slices.Backward(d.order) {
		c := r.current
		for c != nil && c.at.After(seen) {
			c = c.prev
		}
		if c == nil || c.deleted || !match(c) {
			continue
		}
		if skip > 0 {
			skip--
			continue
		}
		if len(out.Data) == limit {
			out.HasMore = true
			break
		}
		out.Data = append(out.Data, c)
	}
	return out
}

// replace puts a new version in place. Versions older than one that search already sees are let go.
func (d *Side) replace(r *row, c *Customer) {
	c.at = d.store.now()
	c.prev = r.current
	if seen := c.at.Add(-d.store.lag()); !r.current.at.After(seen) {
		r.current.prev = nil
	}
	r.current = c
}

func (d *Side) alive(id string) (*row, error) {
	r := d.customers[id]
	if r == nil || r.current.deleted {
		return nil, d.noCustomer(id)
	}
	return r, nil
}

// noCustomer is called with the lock held.
func (d *Side) noCustomer(id string) error {
	err := apierror.Missing("customer", id)
	other, here, there := d.store.live, "test", "live"
	if d.livemode {
		other, here, there = d.store.test, "live", "test"
	}
	if other.customers[id] != nil {
		err.Message += "; a similar object exists in " + there + " mode, but a " + here + " mode key was used to make this request."
	}
	return err
}

func (d *Side) indexEmail(r *row, old, now Text) {
	if old == now {
		return
	}
	if old != "" {
		rows := slices.DeleteFunc(d.byEmail[string(old)], func(x *row) bool { return x == r })
		if d.byEmail[string(old)] = rows; len(rows) == 0 {
			delete(d.byEmail, string(old))
		}
	}
	if now != "" {
		rows := append(d.byEmail[string(now)], r)
		slices.SortFunc(rows, func(a, b *row) int { return int(a.pos - b.pos) })
		d.byEmail[string(now)] = rows
	}
}
