package record

import (
	"strings"
)

// Customer is the synced content of a customer: what REST clients set and what a remote can hold. An empty string
// (or list, or map) means "not set". Its canonical paths are the JSON names, nested ones joined by a dot:
// "name", "address.postal_code", "shipping.address.city", "metadata.<key>", "preferred_locales" (joined by ","),
// "tax_exempt" (absent for "none", which is what a remote reports for a customer that never had one).
type Customer struct {
	Name             string
	Email            string
	Phone            string
	Description      string
	Address          Address
	Shipping         Shipping
	Metadata         map[string]string
	PreferredLocales []string
	TaxExempt        string
}

// Address is a postal address; Country is ISO 3166-1 alpha-2.
type Address struct {
	Line1, Line2, City, State, PostalCode, Country string
}

// Shipping is where and to whom goods go.
type Shipping struct {
	Name, Phone string
	Address     Address
}

// MetadataPrefix begins the canonical path of every metadata entry; the rest of the path is the key, verbatim.
const MetadataPrefix = "metadata."

// taxExemptDefault is the value that means the same as no value.
const taxExemptDefault = "none"

// Fields returns the customer in canonical form.
func (c Customer) Fields() Fields {
	fields := Fields{}
	for path, value := range c.scalars() {
		if *value != "" {
			fields[path] = *value
		}
	}
	if fields["tax_exempt"] == taxExemptDefault {
		delete(fields, "tax_exempt")
	}
	if len(c.PreferredLocales) > 0 {
		fields["preferred_locales"] = strings.Join(c.PreferredLocales, ",")
	}
	for key, value := range c.Metadata {
		if value != "" {
			fields[MetadataPrefix+key] = value
		}
	}
	return fields
}

// CustomerOf is the inverse of Customer.Fields. Paths that no customer has are ignored.
func CustomerOf(fields Fields) Customer {
	var c Customer
	for path, value := range c.scalars() {
		*value = fields[path]
	}
	if locales := fields["preferred_locales"]; locales != "" {
		c.PreferredLocales = strings.Split(locales, ",")
	}
	for path, value := range fields {
		if key, ok := strings.CutPrefix(path, MetadataPrefix); ok {
			if c.Metadata == nil {
				c.Metadata = map[string]string{}
			}
			c.Metadata[key] = value
		}
	}
	return c
}

// scalars maps the canonical path of every single-valued field to where it is kept.
func (c *Customer) scalars() map[string]*string {
	scalars := map[string]*string{
		"name":           &c.Name,
		"email":          &c.Email,
		"phone":          &c.Phone,
		"description":    &c.Description,
		"tax_exempt":     &c.TaxExempt,
		"shipping.name":  &c.Shipping.Name,
		"shipping.phone": &c.Shipping.Phone,
	}
	c.Address.scalars("address.", scalars)
	c.Shipping.Address.scalars("shipping.address.", scalars)
	return scalars
}

func (a *Address) scalars(prefix string, into map[string]*string) {
	into[prefix+"line1"] = &a.Line1
	into[prefix+"line2"] = &a.Line2
	into[prefix+"city"] = &a.City
	into[prefix+"state"] = &a.State
	into[prefix+"postal_code"] = &a.PostalCode
	into[prefix+"country"] = &a.Country
}
