package customers

import (
	"strings"

	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/record"
)

const taxExemptNone = "none" // what Stripe calls no value

// createParams are the parameters that make a customer with these fields.
func (m Marks) createParams(call connector.Call, fields record.Fields) (*stripe.CustomerParams, error) {
	return m.params(call, record.Patch(fields))
}

// updateParams are the parameters that change exactly the fields of the patch. What is cleared is sent explicitly empty:
// a parameter that is left out changes nothing.
func (m Marks) updateParams(call connector.Call, patch record.Patch) (*stripe.CustomerParams, error) {
	return m.params(call, patch)
}

func (m Marks) params(call connector.Call, patch record.Patch) (*stripe.CustomerParams, error) {
	p := &stripe.CustomerParams{
		Name: patched(patch, "name"), Email: patched(patch, "email"), Phone: patched(patch, "phone"),
		Description: patched(patch, "description"), TaxExempt: patched(patch, "tax_exempt"),
		Metadata: m.metadata(call),
	}
	p.SetIdempotencyKey(call.Key)
	if p.TaxExempt != nil && *p.TaxExempt == "" {
		p.TaxExempt = new(taxExemptNone)
	}
	if locales, ok := patch["preferred_locales"]; ok {
		p.PreferredLocales = localesOf(locales)
	}
	if address.cleared(patch) {
		p.AddExtra("address", "")
	} else {
		p.Address = addressParams(patch, address.prefix)
	}
	if shipping.cleared(patch) {
		p.AddExtra("shipping", "")
	} else {
		p.Shipping = shippingParams(patch)
	}
	return p, addMetadata(p, patch)
}

// patched points to the value of a field in the patch; nil when the patch leaves it alone.
func patched(patch record.Patch, path string) *string {
	if value, ok := patch[path]; ok {
		return &value
	}
	return nil
}

// localesOf is an empty list, not nil, for no locales: the library sends it as an explicit empty value.
func localesOf(joined string) []*string {
	if joined == "" {
		return []*string{}
	}
	return stripe.StringSlice(strings.Split(joined, ","))
}

func addressParams(patch record.Patch, prefix string) *stripe.AddressParams {
	p := stripe.AddressParams{
		Line1: patched(patch, prefix+"line1"), Line2: patched(patch, prefix+"line2"), City: patched(patch, prefix+"city"),
		State: patched(patch, prefix+"state"), PostalCode: patched(patch, prefix+"postal_code"),
		Country: patched(patch, prefix+"country"),
	}
	if p == (stripe.AddressParams{}) {
		return nil
	}
	return &p
}

// shippingParams always has an address when it has anything: Stripe wants one, be it empty.
func shippingParams(patch record.Patch) *stripe.CustomerShippingParams {
	p := stripe.CustomerShippingParams{
		Name: patched(patch, "shipping.name"), Phone: patched(patch, "shipping.phone"),
		Address: addressParams(patch, "shipping.address."),
	}
	if p == (stripe.CustomerShippingParams{}) {
		return nil
	}
	if p.Address == nil {
		p.Address = &stripe.AddressParams{Line1: new("")}
	}
	return &p
}

// addMetadata adds the record's own metadata. An empty value unsets a key; the rest stays, since Stripe merges.
func addMetadata(p *stripe.CustomerParams, patch record.Patch) error {
	for path, value := range patch {
		key, ok := strings.CutPrefix(path, record.MetadataPrefix)
		if !ok || strings.HasPrefix(key, reserved) {
			continue
		}
		if strings.ContainsAny(key, "[]") { // it would be sent as another, nested key
			return &connector.Error{
				Class: connector.Permanent, Field: path, Reason: "Stripe takes no square brackets in the keys of metadata; rename the key",
			}
		}
		p.AddMetadata(key, value)
	}
	return nil
}
