package account

import (
	"net/http"
	"slices"
	"time"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
)

// The states of a webhook endpoint.
const (
	Enabled  = "enabled"
	Disabled = "disabled"
)

const maxEndpoints = 16

// Endpoint is a webhook endpoint. Secrets are shown only in the answer to its creation.
type Endpoint struct {
	ID            string            `json:"id"`
	Object        string            `json:"object"`
	APIVersion    Text              `json:"api_version"`
	Application   Text              `json:"application"`
	Created       int64             `json:"created"`
	Description   Text              `json:"description"`
	EnabledEvents []string          `json:"enabled_events"`
	Livemode      bool              `json:"livemode"`
	Metadata      map[string]string `json:"metadata"`
	Status        string            `json:"status"`
	URL           string            `json:"url"`

	secrets []Secret
	failing time.Time // since when every attempt failed; zero: the last one worked
	pos     int64
}

// Secret signs deliveries. During a rotation there are several.
type Secret struct {
	Value string    `json:"value"`
	Until time.Time `json:"until,omitzero"` // zero: no end
}

func (e *Endpoint) position() int64 { return e.pos }

func (e *Endpoint) wants(kind string) bool {
	return slices.ContainsFunc(e.EnabledEvents, func(p string) bool { return typeMatches(p, kind) })
}

// Secrets returns the values that sign at this time, the newest first.
func (e *Endpoint) Secrets(now time.Time) []string {
	var out []string
	for _, s := range e.secrets {
		if s.Until.IsZero() || now.Before(s.Until) {
			out = append(out, s.Value)
		}
	}
	return out
}

// EndpointEdit says what is wanted of an endpoint; nil leaves.
type EndpointEdit struct {
	ID            string   // at creation only: a chosen id
	Secrets       []string // at creation only: chosen secrets
	APIVersion    string   // at creation only
	URL           *string
	Description   *string
	EnabledEvents []string
	Disabled      *bool
	Metadata      *MetadataEdit
}

func (e EndpointEdit) apply(n *Endpoint) error {
	if e.URL != nil {
		n.URL = *e.URL
	}
	setText(&n.Description, e.Description)
	if e.EnabledEvents != nil {
		n.EnabledEvents = slices.Clone(e.EnabledEvents)
	}
	if e.Disabled != nil {
		n.Status, n.failing = Enabled, time.Time{}
		if *e.Disabled {
			n.Status = Disabled
		}
	}
	metadata, err := e.Metadata.apply(n.Metadata)
	if err != nil {
		return err
	}
	n.Metadata = metadata
	return nil
}

// CreateEndpoint registers an endpoint and returns it with its secret. One with a chosen id replaces an older one.
func (d *Side) CreateEndpoint(edit EndpointEdit) (*Endpoint, string, error) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	n := &Endpoint{
		ID: edit.ID, Object: "webhook_endpoint", APIVersion: Text(edit.APIVersion), Created: d.Now(), Livemode: d.livemode,
		Metadata: map[string]string{}, Status: Enabled,
	}
	if n.ID == "" {
		n.ID = NewID("we_1", 23)
	}
	if err := edit.apply(n); err != nil {
		return nil, "", err
	}
	for _, secret := range edit.Secrets {
		n.secrets = append(n.secrets, Secret{Value: secret})
	}
	if len(n.secrets) == 0 {
		n.secrets = []Secret{{Value: NewID("whsec_", 32)}}
	}
	d.store.changed()
	if old := d.endpoint(n.ID); old != nil {
		n.pos, n.Created = old.pos, old.Created
		d.replaceEndpoint(n)
		return n, n.secrets[0].Value, nil
	}
	if len(d.endpoints) >= maxEndpoints {
		return nil, "", apierror.Invalid("", "You have reached the maximum of %d webhook endpoints.", maxEndpoints)
	}
	n.pos = d.next()
	d.endpoints = append(d.endpoints, n)
	return n, n.secrets[0].Value, nil
}

// UpdateEndpoint changes an endpoint. Enabling it again forgives its past.
func (d *Side) UpdateEndpoint(id string, edit EndpointEdit) (*Endpoint, error) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	old := d.endpoint(id)
	if old == nil {
		return nil, apierror.Missing("webhook endpoint", id)
	}
	n := *old
	if err := edit.apply(&n); err != nil {
		return nil, err
	}
	d.replaceEndpoint(&n)
	if n.Status == Disabled {
		d.abandon(id)
	}
	d.store.changed()
	return &n, nil
}

// DeleteEndpoint removes an endpoint; what was pending for it has failed.
func (d *Side) DeleteEndpoint(id string) error {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	if d.endpoint(id) == nil {
		return apierror.Missing("webhook endpoint", id)
	}
	d.endpoints = slices.DeleteFunc(slices.Clone(d.endpoints), func(e *Endpoint) bool { return e.ID == id })
	d.abandon(id)
	d.store.changed()
	return nil
}

// RotateSecret gives an endpoint a new secret; the old ones sign too for a while. An empty secret is made up.
func (d *Side) RotateSecret(id, secret string, overlap time.Duration) (string, error) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	old := d.endpoint(id)
	if old == nil {
		return "", apierror.Missing("webhook endpoint", id)
	}
	if secret == "" {
		secret = NewID("whsec_", 32)
	}
	n := *old
	n.secrets = []Secret{{Value: secret}}
	until := time.Now().Add(overlap)
	for _, s := range old.secrets {
		if s.Until.IsZero() || s.Until.After(until) {
			s.Until = until
		}
		n.secrets = append(n.secrets, s)
	}
	d.replaceEndpoint(&n)
	d.store.changed()
	return secret, nil
}

// Endpoint returns one endpoint.
func (d *Side) Endpoint(id string) (*Endpoint, error) {
	d.store.mu.RLock()
	defer d.store.mu.RUnlock()
	if e := d.endpoint(id); e != nil {
		return e, nil
	}
	return nil, apierror.Coded(http.StatusNotFound, "resource_missing", "webhook_endpoint", "No such webhook endpoint: '%s'", id)
}

// Endpoints lists endpoints, newest first.
func (d *Side) Endpoints(r Range) Page[*Endpoint] {
	d.store.mu.RLock()
	defer d.store.mu.RUnlock()
	return page(d.endpoints, r, func(*Endpoint) bool { return true })
}

// EndpointPosition returns an endpoint's place in the listing.
func (d *Side) EndpointPosition(id string) (int64, bool) {
	e, err := d.Endpoint(id)
	if err != nil {
		return 0, false
	}
	return e.pos, true
}

func (d *Side) endpoint(id string) *Endpoint {
	for _, e := range d.endpoints {
		if e.ID == id {
			return e
		}
	}
	return nil
}

func (d *Side) replaceEndpoint(n *Endpoint) {
	list := slices.Clone(d.endpoints)
	for i, e := range list {
		if e.ID == n.ID {
			list[i] = n
		}
	}
	d.endpoints = list
}

// judge keeps count of an endpoint's failures; true when it has just been disabled.
func (d *Side) judge(e *Endpoint, o Outcome) bool {
	n, now := *e, time.Now()
	switch {
	case o.OK && e.failing.IsZero():
		return false
	case o.OK:
		n.failing = time.Time{}
	case e.failing.IsZero():
		n.failing = now
	case o.Disable > 0 && now.Sub(e.failing) >= o.Disable && e.Status == Enabled:
		n.Status = Disabled
		defer d.abandon(e.ID)
	}
	d.replaceEndpoint(&n)
	return n.Status == Disabled && e.Status == Enabled
}

// abandon fails what is pending for an endpoint that is not served any more.
func (d *Side) abandon(endpointID string) {
	for eventID, list := range d.deliveries {
		for _, v := range list {
			if v.EndpointID == endpointID && v.Status == Pending {
				d.update(eventID, endpointID, func(v *Delivery) { v.Status, v.Error = Failed, "the endpoint is disabled or deleted" })
			}
		}
	}
}
