package dashboard

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/form"
)

// groups are the inputs for a customer, named like Stripe's parameters.
func groups(c *account.Customer) []group {
	address, shipping := account.Address{}, account.Shipping{}
	if c.Address != nil {
		address = *c.Address
	}
	if c.Shipping != nil {
		shipping = *c.Shipping
	}
	all := []group{
		{Name: "Details", Fields: []field{
			{Name: "name", Label: "Name", Value: string(c.Name)},
			{Name: "email", Label: "Email", Value: string(c.Email)},
			{Name: "phone", Label: "Phone", Value: string(c.Phone)},
			{Name: "preferred_locales", Label: "Languages", Value: strings.Join(c.PreferredLocales, ", "), Hint: "en-GB, de"},
			{Name: "description", Label: "Description", Value: string(c.Description), Wide: true},
		}},
		{Name: "Billing address", Fields: addressFields("address", address)},
		{Name: "Shipping", Fields: append([]field{
			{Name: "shipping[name]", Label: "Recipient", Value: string(shipping.Name)},
			{Name: "shipping[phone]", Label: "Recipient’s phone", Value: string(shipping.Phone)},
		}, addressFields("shipping[address]", shipping.Address)...)},
	}
	for _, g := range all {
		for i := range g.Fields {
			g.Fields[i].Was = g.Fields[i].Value
		}
	}
	return all
}

func addressFields(prefix string, a account.Address) []field {
	return []field{
		{Name: prefix + "[line1]", Label: "Line 1", Value: string(a.Line1)},
		{Name: prefix + "[line2]", Label: "Line 2", Value: string(a.Line2)},
		{Name: prefix + "[postal_code]", Label: "Postal code", Value: string(a.PostalCode)},
		{Name: prefix + "[city]", Label: "City", Value: string(a.City)},
		{Name: prefix + "[state]", Label: "State", Value: string(a.State)},
		{Name: prefix + "[country]", Label: "Country", Value: string(a.Country), Hint: "two letters, such as GB"},
	}
}

// changes turns a sent form into the parameters of what the person changed: an input that nobody touched is left out, so
// that it does not undo what happened meanwhile.
func changes(r *http.Request) (*form.Value, error) {
	if err := r.ParseForm(); err != nil {
		return nil, apierror.Invalid("", "The form could not be read.")
	}
	sent := url.Values{}
	for name := range r.PostForm {
		was, tracked := r.PostForm["was:"+name]
		value := strings.TrimSpace(r.PostForm.Get(name))
		if !tracked || strings.TrimSpace(was[0]) == value {
			continue
		}
		if name == "preferred_locales" && value != "" {
			for locale := range strings.SplitSeq(value, ",") {
				sent.Add("preferred_locales[]", strings.TrimSpace(locale))
			}
			continue
		}
		sent.Set(name, value)
	}
	if key := strings.TrimSpace(r.PostForm.Get("new_key")); key != "" {
		sent.Set("metadata["+key+"]", r.PostForm.Get("new_value"))
	}
	clearWhole(sent, r.PostForm, "address")
	completeShipping(sent, r.PostForm)
	return form.Parse(sent.Encode())
}

// clearWhole sends the whole hash as empty when its last input was emptied.
func clearWhole(sent, typed url.Values, prefix string) bool {
	touched := false
	for name := range sent {
		touched = touched || strings.HasPrefix(name, prefix+"[")
	}
	if !touched {
		return false
	}
	for name := range typed {
		if strings.HasPrefix(name, prefix+"[") && strings.TrimSpace(typed.Get(name)) != "" {
			return false
		}
	}
	for name := range sent {
		if strings.HasPrefix(name, prefix+"[") {
			delete(sent, name)
		}
	}
	sent.Set(prefix, "")
	return true
}

// completeShipping adds what Stripe wants whenever a part of shipping is sent: the name and the address.
func completeShipping(sent, typed url.Values) {
	if clearWhole(sent, typed, "shipping") {
		return
	}
	for name := range sent {
		if strings.HasPrefix(name, "shipping[") {
			sent.Set("shipping[name]", strings.TrimSpace(typed.Get("shipping[name]")))
			sent.Set("shipping[address][line1]", strings.TrimSpace(typed.Get("shipping[address][line1]")))
			return
		}
	}
}
