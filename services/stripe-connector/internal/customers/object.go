package customers

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/record"
)

// read turns a customer as the library returns it into an object: connector.ErrGone for a deleted one, which Stripe
// still answers with 200, and an error for an answer that is no customer at all.
func (m Marks) read(c *stripe.Customer, err error) (connector.Object, error) {
	switch {
	case err != nil:
		return connector.Object{}, err
	case c == nil || c.ID == "":
		return connector.Object{}, &connector.Error{
			Class: connector.Transient, Reason: "Stripe's answer holds no customer id; tried again by itself",
		}
	case c.Deleted:
		return connector.Object{}, connector.ErrGone
	}
	return m.object(c), nil
}

// Decode reads a customer as it stands in an event. Only the id is sure to be there.
func (m Marks) Decode(raw json.RawMessage) (connector.Object, error) {
	var c stripe.Customer
	if err := json.Unmarshal(raw, &c); err != nil {
		return connector.Object{}, fmt.Errorf("decode customer: %w", err)
	}
	if c.ID == "" {
		return connector.Object{}, errors.New("decode customer: no id")
	}
	return m.object(&c), nil
}

func (m Marks) object(c *stripe.Customer) connector.Object {
	localID, version := m.parse(c.Metadata)
	return connector.Object{ID: c.ID, Fields: fieldsOf(c), LocalID: localID, Version: version}
}

// fieldsOf is the canonical form of a customer at Stripe.
func fieldsOf(c *stripe.Customer) record.Fields {
	r := record.Customer{
		Name: c.Name, Email: c.Email, Phone: c.Phone, Description: c.Description,
		Address: addressOf(c.Address), PreferredLocales: c.PreferredLocales, TaxExempt: string(c.TaxExempt),
		Metadata: map[string]string{},
	}
	if c.Shipping != nil {
		r.Shipping = record.Shipping{Name: c.Shipping.Name, Phone: c.Shipping.Phone, Address: addressOf(c.Shipping.Address)}
	}
	for key, value := range c.Metadata {
		if !strings.HasPrefix(key, reserved) {
			r.Metadata[key] = value
		}
	}
	return storable(r.Fields())
}

func addressOf(a *stripe.Address) record.Address {
	if a == nil {
		return record.Address{}
	}
	return record.Address{
		Line1: a.Line1, Line2: a.Line2, City: a.City, State: a.State, PostalCode: a.PostalCode, Country: a.Country,
	}
}

// storable takes out the one character that PostgreSQL cannot store, so that a customer that holds it is not stuck.
func storable(fields record.Fields) record.Fields {
	for path, value := range fields {
		clean := strings.ReplaceAll(value, "\x00", "")
		if strings.ContainsRune(path, 0) || clean == "" {
			delete(fields, path)
		} else {
			fields[path] = clean
		}
	}
	return fields
}
