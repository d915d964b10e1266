package account

import (
	"errors"
	"maps"
	"slices"
	"time"
)

// Snapshot is everything that the account holds, to be written to a file.
type Snapshot struct {
	Test SideSnapshot `json:"test"`
	Live SideSnapshot `json:"live"`
}

// SideSnapshot is one mode of an account.
type SideSnapshot struct {
	Customers     []CustomerSnapshot     `json:"customers"`
	Marks         map[string]int         `json:"marks"`
	Subscriptions []*Subscription        `json:"subscriptions"`
	Invoices      []*Invoice             `json:"invoices"`
	Events        []*Event               `json:"events"`
	Deliveries    map[string][]*Delivery `json:"deliveries"`
	Endpoints     []EndpointSnapshot     `json:"endpoints"`
	Counts        Counts                 `json:"counts"`
}

// CustomerSnapshot is a customer, deleted or not, with all its properties.
type CustomerSnapshot struct {
	Customer *Customer `json:"customer"`
	Deleted  bool      `json:"deleted,omitempty"`
	At       time.Time `json:"at"`
}

// EndpointSnapshot is an endpoint with its secrets.
type EndpointSnapshot struct {
	Endpoint *Endpoint `json:"endpoint"`
	Secrets  []Secret  `json:"secrets"`
	Failing  time.Time `json:"failing,omitzero"`
}

// Snapshot copies the account quickly: what it returns shares the immutable objects. To match it with other state, call
// it within Still.
func (s *Store) Snapshot() Snapshot {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return Snapshot{Test: s.test.snapshot(), Live: s.live.snapshot()}
}

func (d *Side) snapshot() SideSnapshot {
	out := SideSnapshot{
		Customers: make([]CustomerSnapshot, len(d.order)), Marks: maps.Clone(d.marks), Subscriptions: slices.Clone(d.subscriptions),
		Invoices: slices.Clone(d.invoices), Events: slices.Clone(d.events), Deliveries: maps.Clone(d.deliveries), Counts: d.counts,
	}
	for i, r := range d.order {
		out.Customers[i] = CustomerSnapshot{Customer: r.current, Deleted: r.current.deleted, At: r.current.at}
	}
	for _, e := range d.endpoints {
		out.Endpoints = append(out.Endpoints, EndpointSnapshot{Endpoint: e, Secrets: e.secrets, Failing: e.failing})
	}
	return out
}

// Restore replaces everything by what a snapshot holds.
func (s *Store) Restore(snap Snapshot) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.test.restore(snap.Test); err != nil {
		return err
	}
	return s.live.restore(snap.Live)
}

func (d *Side) restore(snap SideSnapshot) error {
	d.clear()
	for _, stored := range snap.Customers {
		c := stored.Customer
		if c == nil {
			return errors.New("restore: an entry without a customer")
		}
		c.deleted, c.at = stored.Deleted, stored.At
		if err := c.render(); err != nil {
			return err
		}
		r := &row{pos: d.next(), current: c}
		d.customers[c.ID] = r
		d.order = append(d.order, r)
		if !c.deleted {
			d.indexEmail(r, "", c.Email)
		}
	}
	for _, s := range snap.Subscriptions {
		s.pos = d.next()
	}
	for _, i := range snap.Invoices {
		i.pos = d.next()
	}
	for _, e := range snap.Events {
		e.pos = d.next()
		d.eventIndex[e.ID] = e
	}
	for _, stored := range snap.Endpoints {
		e := stored.Endpoint
		e.pos, e.secrets, e.failing = d.next(), stored.Secrets, stored.Failing
		d.endpoints = append(d.endpoints, e)
	}
	d.subscriptions, d.invoices, d.events, d.counts = snap.Subscriptions, snap.Invoices, snap.Events, snap.Counts
	maps.Copy(d.marks, snap.Marks)
	maps.Copy(d.deliveries, snap.Deliveries)
	return nil
}
