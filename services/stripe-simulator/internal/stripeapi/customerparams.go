package stripeapi

import (
	"math"
	"net/http"
	"strings"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/form"
)

// DecodeCustomer reads what a person wants to change of a customer, under the same rules as the API.
func DecodeCustomer(values *form.Value) (account.Edit, error) {
	r := form.NewReader(values)
	edit := customerEdit(r)
	return edit, r.Done()
}

// customerEdit reads the settable properties of a customer.
func customerEdit(r *form.Reader) account.Edit {
	edit := account.Edit{
		Name:                r.Text("name", 256),
		Email:               r.Text("email", 512),
		Phone:               r.Text("phone", 20),
		Description:         r.Text("description", 5000),
		TaxExempt:           r.Enum("tax_exempt", "", "exempt", "none", "reverse"),
		Balance:             r.Int("balance"),
		NextInvoiceSequence: r.Int("next_invoice_sequence"),
		InvoicePrefix:       r.Text("invoice_prefix", 5000),
		Address:             addressEdit(r, "address"),
		Shipping:            shippingEdit(r),
		Metadata:            metadataEdit(r),
		InvoiceSettings:     invoiceSettingsEdit(r),
	}
	if locales, sent := r.List("preferred_locales", 5000); sent {
		edit.PreferredLocales = &locales
	}
	return edit
}

func addressEdit(r *form.Reader, name string) *account.AddressEdit {
	sub, cleared := r.Hash(name)
	if sub == nil {
		if cleared {
			return &account.AddressEdit{Clear: true}
		}
		return nil
	}
	return &account.AddressEdit{
		City: sub.Text("city", 5000), Country: sub.Text("country", 5000), Line1: sub.Text("line1", 5000), Line2: sub.Text("line2", 5000),
		PostalCode: sub.Text("postal_code", 5000), State: sub.Text("state", 5000),
	}
}

// shippingEdit wants name and address whenever shipping is sent, as Stripe does.
func shippingEdit(r *form.Reader) *account.ShippingEdit {
	sub, cleared := r.Hash("shipping")
	if sub == nil {
		if cleared {
			return &account.ShippingEdit{Clear: true}
		}
		return nil
	}
	name := sub.Required("name", 5000)
	edit := &account.ShippingEdit{Name: &name, Phone: sub.Text("phone", 5000), Address: addressEdit(sub, "address")}
	switch {
	case edit.Address == nil:
		sub.Fail(apierror.Required("shipping[address]"))
	case edit.Address.Clear:
		sub.Fail(apierror.Empty("shipping[address]"))
	}
	return edit
}

// metadataEdit takes any keys and values: their limits are checked when the call is executed.
func metadataEdit(r *form.Reader) *account.MetadataEdit {
	sub, cleared := r.Hash("metadata")
	if sub == nil {
		if cleared {
			return &account.MetadataEdit{Clear: true}
		}
		return nil
	}
	edit := &account.MetadataEdit{Set: map[string]string{}}
	for _, key := range sub.Names() {
		if value := sub.Text(key, math.MaxInt); value != nil {
			edit.Set[key] = *value
		}
	}
	return edit
}

func invoiceSettingsEdit(r *form.Reader) *account.InvoiceSettingsEdit {
	sub, cleared := r.Hash("invoice_settings")
	if sub == nil {
		if cleared {
			r.Fail(apierror.Empty("invoice_settings"))
		}
		return nil
	}
	edit := &account.InvoiceSettingsEdit{Footer: sub.Text("footer", 5000)}
	noSuch(sub, "default_payment_method", "PaymentMethod")
	if items, sent := sub.Items("custom_fields"); sent {
		fields := make([]account.CustomField, 0, len(items))
		for _, item := range items {
			fields = append(fields, account.CustomField{Name: item.Required("name", 40), Value: item.Required("value", 140)})
		}
		if len(fields) > 4 {
			r.Fail(apierror.Invalid("invoice_settings[custom_fields]", "Invoices can have up to 4 custom fields."))
		}
		edit.CustomFields = &fields
	}
	if options, cleared := sub.Hash("rendering_options"); options != nil {
		edit.AmountTaxDisplay = options.Enum("amount_tax_display", "", "exclude_tax", "include_inclusive_tax")
	} else if cleared {
		none := ""
		edit.AmountTaxDisplay = &none
	}
	return edit
}

// noSuch handles a reference to objects that do not exist here: it can be empty, nothing else.
func noSuch(r *form.Reader, name, kind string) {
	if id := r.Text(name, 5000); id != nil && *id != "" {
		r.Fail(apierror.MissingParam(kind, *id, r.Param(name)))
	}
}

// otherCustomerParams takes what Stripe knows beside the plain properties: references to objects that do not exist here
// are refused, the rest has no effect here.
func otherCustomerParams(r *form.Reader, create bool) {
	for name, kind := range map[string]string{"coupon": "coupon", "promotion_code": "promotion code", "source": "token"} {
		noSuch(r, name, kind)
	}
	r.Ignore("cash_balance", "tax", "validate")
	if create {
		noSuch(r, "payment_method", "PaymentMethod")
		noSuch(r, "test_clock", "billing clock")
		r.Ignore("tax_id_data")
	} else {
		noSuch(r, "default_source", "source")
	}
}

var expandable = map[string]bool{
	"cash_balance": true, "default_source": true, "discount": true, "invoice_credit_balance": true, "sources": true,
	"invoice_settings.default_payment_method": true, "subscriptions": true, "tax": true, "tax_ids": true, "test_clock": true,
}

// expansions reads expand[]. The names of a list begin with "data.".
func expansions(r *form.Reader, prefix string) []string {
	names, _ := r.List("expand", 5000)
	out := make([]string, 0, len(names))
	for _, name := range names {
		short, ok := strings.CutPrefix(name, prefix)
		if !ok || !expandable[short] {
			r.Fail(apierror.Coded(http.StatusBadRequest, "", "expand", "This property cannot be expanded (%s).", name))
			continue
		}
		out = append(out, short)
	}
	return out
}
