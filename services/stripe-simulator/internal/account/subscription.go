package account

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Subscription is as much of a subscription as is needed to see that a customer has one.
type Subscription struct {
	ID                 string            `json:"id"`
	Object             string            `json:"object"`
	AutomaticTax       AutomaticTax      `json:"automatic_tax"`
	BillingCycleAnchor int64             `json:"billing_cycle_anchor"`
	CancelAtPeriodEnd  bool              `json:"cancel_at_period_end"`
	CanceledAt         *int64            `json:"canceled_at"`
	CollectionMethod   string            `json:"collection_method"`
	Created            int64             `json:"created"`
	Currency           string            `json:"currency"`
	CurrentPeriodEnd   int64             `json:"current_period_end"`
	CurrentPeriodStart int64             `json:"current_period_start"`
	Customer           string            `json:"customer"`
	EndedAt            *int64            `json:"ended_at"`
	Items              EmptyList         `json:"items"`
	Livemode           bool              `json:"livemode"`
	Metadata           map[string]string `json:"metadata"`
	StartDate          int64             `json:"start_date"`
	Status             string            `json:"status"`

	pos int64
}

// AutomaticTax is never on here.
type AutomaticTax struct {
	Enabled bool  `json:"enabled"`
	Status  *Text `json:"status,omitempty"`
}

// EmptyList is a nested list without entries.
type EmptyList struct {
	Object  string     `json:"object"`
	Data    []struct{} `json:"data"`
	HasMore bool       `json:"has_more"`
	URL     string     `json:"url"`
}

// NewEmptyList returns the list that lives at url.
func NewEmptyList(url string) EmptyList {
	return EmptyList{Object: "list", Data: []struct{}{}, URL: url}
}

func (s *Subscription) position() int64 { return s.pos }

// ended tells a subscription that does not hang on its customer any more.
func (s *Subscription) ended() bool {
	return s.Status == "canceled" || s.Status == "incomplete_expired"
}

// AddSubscription gives a customer a subscription with the given status ("active").
func (d *Side) AddSubscription(customer, status string) (*Subscription, error) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	if _, err := d.alive(customer); err != nil {
		return nil, err
	}
	now := d.store.now()
	id := NewID("sub_1", 23)
	s := &Subscription{
		ID: id, Object: "subscription", BillingCycleAnchor: now.Unix(), CollectionMethod: "charge_automatically",
		Created: now.Unix(), Currency: "usd", CurrentPeriodStart: now.Unix(), CurrentPeriodEnd: now.Add(30 * 24 * time.Hour).Unix(),
		Customer: customer, Items: NewEmptyList("/v1/subscription_items?subscription=" + id), Livemode: d.livemode,
		Metadata: map[string]string{}, StartDate: now.Unix(), Status: status, pos: d.next(),
	}
	d.subscriptions = append(d.subscriptions, s)
	return s, d.tell("customer.subscription.created", s)
}

// CancelSubscription ends a subscription at once.
func (d *Side) CancelSubscription(id string) (*Subscription, bool, error) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	i := slices.IndexFunc(d.subscriptions, func(s *Subscription) bool { return s.ID == id })
	if i < 0 {
		return nil, false, nil
	}
	s, err := d.cancel(i, Origin{})
	return s, true, err
}

func (d *Side) cancelSubscriptions(customer string, origin Origin) error {
	for i, s := range d.subscriptions {
		if s.Customer == customer && !s.ended() {
			if _, err := d.cancel(i, origin); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Side) cancel(i int, origin Origin) (*Subscription, error) {
	n, now := *d.subscriptions[i], d.Now()
	n.Status, n.CanceledAt, n.EndedAt = "canceled", &now, &now
	d.subscriptions[i] = &n
	raw, err := json.Marshal(&n)
	if err != nil {
		return nil, fmt.Errorf("render subscription: %w", err)
	}
	return &n, d.emit("customer.subscription.deleted", raw, nil, origin)
}

// BillingFilter selects subscriptions or invoices.
type BillingFilter struct {
	Customer string // "" for all
	Status   string // "" for the default of the kind
}

// Subscriptions lists subscriptions; without a status those that are not canceled, with "all" all of them.
func (d *Side) Subscriptions(f BillingFilter, r Range) Page[*Subscription] {
	d.store.mu.RLock()
	defer d.store.mu.RUnlock()
	return page(d.subscriptions, r, func(s *Subscription) bool {
		if f.Customer != "" && s.Customer != f.Customer {
			return false
		}
		switch f.Status {
		case "":
			return s.Status != "canceled"
		case "all":
			return true
		case "ended":
			return s.ended()
		}
		return s.Status == f.Status
	})
}

// SubscriptionPosition returns a subscription's place in the listing.
func (d *Side) SubscriptionPosition(id string) (int64, bool) {
	d.store.mu.RLock()
	defer d.store.mu.RUnlock()
	return find(d.subscriptions, func(s *Subscription) bool { return s.ID == id })
}

func find[T placed](all []T, is func(T) bool) (int64, bool) {
	if i := slices.IndexFunc(all, is); i >= 0 {
		return all[i].position(), true
	}
	return 0, false
}

// tell emits an event about an object that no call of the API made. The lock is held.
func (d *Side) tell(kind string, object any) error {
	raw, err := json.Marshal(object)
	if err != nil {
		return fmt.Errorf("render %s: %w", kind, err)
	}
	return d.emit(kind, raw, nil, Origin{})
}
