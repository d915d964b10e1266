// Package customers is a client of the catalog's customers, /v1/customers.
package customers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/datasync-dev/datasync/pkg/admin"
)

const path = "/v1/customers"

// Customer is a customer as the catalog answered: what is used here by name, and all of it as it came.
type Customer struct {
	ID         string
	Name       string
	Email      string
	Phone      string
	Version    int64
	Generation int64
	Deleted    bool
	UpdatedAt  time.Time
	Sync       map[string]Sync

	raw json.RawMessage
}

// Sync is how the customer stands at one remote.
type Sync struct {
	State      string    `json:"state"`
	CustomerID string    `json:"customer_id"`
	Version    int64     `json:"version"`
	SyncedAt   time.Time `json:"last_synced_at"`
	LastError  *Error    `json:"last_error"`
}

// Error is why the customer is not in sync.
type Error struct {
	Class  string `json:"class"`
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

// UnmarshalJSON implements json.Unmarshaler.
func (c *Customer) UnmarshalJSON(raw []byte) error {
	var known struct {
		ID         string          `json:"id"`
		Name       string          `json:"name"`
		Email      string          `json:"email"`
		Phone      string          `json:"phone"`
		Version    int64           `json:"version"`
		Generation int64           `json:"generation"`
		Deleted    bool            `json:"deleted"`
		UpdatedAt  time.Time       `json:"updated_at"`
		Sync       map[string]Sync `json:"sync"`
	}
	if err := json.Unmarshal(raw, &known); err != nil {
		return fmt.Errorf("read a customer: %w", err)
	}
	*c = Customer{
		ID: known.ID, Name: known.Name, Email: known.Email, Phone: known.Phone, Version: known.Version,
		Generation: known.Generation, Deleted: known.Deleted, UpdatedAt: known.UpdatedAt, Sync: known.Sync,
		raw: append(json.RawMessage(nil), raw...),
	}
	return nil
}

// MarshalJSON implements json.Marshaler: it gives back what came.
func (c Customer) MarshalJSON() ([]byte, error) { return c.raw, nil }

// With returns the customer with one more member in its JSON.
func (c Customer) With(name string, value any) (Customer, error) {
	encoded, err := json.Marshal(map[string]any{name: value})
	if err != nil {
		return c, fmt.Errorf("encode %s: %w", name, err)
	}
	head := bytes.TrimSuffix(bytes.TrimSpace(c.raw), []byte("}"))
	c.raw = slices.Concat(head, []byte(","), encoded[1:])
	return c, nil
}

// Fields returns the customer decoded.
func (c Customer) Fields() (map[string]any, error) {
	fields := map[string]any{}
	if err := json.Unmarshal(c.raw, &fields); err != nil {
		return nil, fmt.Errorf("read a customer: %w", err)
	}
	return fields, nil
}

// Write is how a customer is written.
type Write struct {
	Key     string        // Idempotency-Key
	Version int64         // If-Match; 0: whatever it is
	Wait    time.Duration // how long to wait for the remotes
}

func (w Write) header() http.Header {
	header := http.Header{}
	if w.Key != "" {
		header.Set("Idempotency-Key", w.Key)
	}
	if w.Version > 0 {
		header.Set("If-Match", strconv.Quote(strconv.FormatInt(w.Version, 10)))
	}
	if seconds := int(w.Wait.Round(time.Second).Seconds()); seconds > 0 {
		header.Set("Prefer", "wait="+strconv.Itoa(seconds))
	}
	return header
}

// Client is the catalog. Its errors are those of admin.Client.
type Client struct{ *admin.Client }

// Get returns a customer, deleted ones too.
func (c Client) Get(ctx context.Context, id string) (Customer, error) {
	var found Customer
	err := c.Client.Get(ctx, at(id), url.Values{"include_deleted": {"true"}}, &found)
	return found, err
}

// List returns a page.
func (c Client) List(ctx context.Context, query url.Values) (page admin.List[Customer], err error) {
	err = c.Client.Get(ctx, path, query, &page)
	return page, err
}

// Create makes a customer.
func (c Client) Create(ctx context.Context, body any, w Write) (Customer, error) {
	return c.write(ctx, http.MethodPost, path, body, w)
}

// Update changes the fields that body names, or with replace makes body all that is left.
func (c Client) Update(ctx context.Context, id string, body any, replace bool, w Write) (Customer, error) {
	method := http.MethodPatch
	if replace {
		method = http.MethodPut
	}
	return c.write(ctx, method, at(id), body, w)
}

// Delete deletes a customer.
func (c Client) Delete(ctx context.Context, id string, w Write) (Customer, error) {
	return c.write(ctx, http.MethodDelete, at(id), nil, w)
}

// Restore brings a deleted customer back.
func (c Client) Restore(ctx context.Context, id string, w Write) (Customer, error) {
	return c.write(ctx, http.MethodPost, at(id)+"/restore", nil, w)
}

// Erase removes a customer's personal data for good.
func (c Client) Erase(ctx context.Context, id string, w Write) (Customer, error) {
	return c.write(ctx, http.MethodPost, at(id)+"/erase", nil, w)
}

func at(id string) string { return path + "/" + url.PathEscape(id) }

func (c Client) write(ctx context.Context, method, path string, body any, w Write) (Customer, error) {
	var written Customer
	response, err := c.Send(ctx, admin.Request{Method: method, Path: path, Header: w.header(), Body: body})
	if err != nil {
		return written, err
	}
	raw, err := io.ReadAll(response.Body)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return written, fmt.Errorf("read the answer: %w", err)
	}
	err = json.Unmarshal(raw, &written)
	return written, err
}
