package account

import (
	"net/http"
	"net/mail"
	"regexp"
	"strings"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
)

// Edit says what a call wants changed. Nil leaves a property as it is, empty clears it.
type Edit struct {
	Name, Email, Phone, Description *string
	Address                         *AddressEdit
	Shipping                        *ShippingEdit
	Metadata                        *MetadataEdit
	PreferredLocales                *[]string
	TaxExempt                       *string
	Balance, NextInvoiceSequence    *int64
	InvoicePrefix                   *string
	InvoiceSettings                 *InvoiceSettingsEdit
}

// AddressEdit changes parts of an address, or clears it.
type AddressEdit struct {
	Clear                                          bool
	City, Country, Line1, Line2, PostalCode, State *string
}

// ShippingEdit changes parts of the shipping details, or clears them.
type ShippingEdit struct {
	Clear       bool
	Name, Phone *string
	Address     *AddressEdit
}

// InvoiceSettingsEdit changes the invoice defaults.
type InvoiceSettingsEdit struct {
	CustomFields     *[]CustomField
	Footer           *string
	AmountTaxDisplay *string
}

var (
	emailDomain   = regexp.MustCompile(`^[^\s@.]+(\.[^\s@.]+)*\.[^\s@.]{2,}$`)
	invoicePrefix = regexp.MustCompile(`^[A-Z0-9]{3,12}$`)
)

// apply returns a changed copy of c. Its errors are what Stripe finds wrong when it executes the call.
func (e Edit) apply(c *Customer) (*Customer, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	n := *c
	n.raw, n.prev = nil, nil
	setText(&n.Name, e.Name)
	setText(&n.Email, e.Email)
	setText(&n.Phone, e.Phone)
	setText(&n.Description, e.Description)
	setText(&n.InvoicePrefix, e.InvoicePrefix)
	if e.TaxExempt != nil {
		n.TaxExempt = *e.TaxExempt
		if n.TaxExempt == "" {
			n.TaxExempt = "none"
		}
	}
	if e.Balance != nil {
		n.Balance = *e.Balance
	}
	if e.NextInvoiceSequence != nil {
		n.NextInvoiceSequence = *e.NextInvoiceSequence
	}
	if e.PreferredLocales != nil {
		n.PreferredLocales = append([]string{}, *e.PreferredLocales...)
	}
	n.Address = e.Address.apply(n.Address)
	n.Shipping = e.Shipping.apply(n.Shipping)
	n.InvoiceSettings = e.InvoiceSettings.apply(n.InvoiceSettings)
	metadata, err := e.Metadata.apply(n.Metadata)
	n.Metadata = metadata
	return &n, err
}

func (e Edit) check() error {
	if e.Email != nil && *e.Email != "" && !validEmail(*e.Email) {
		return apierror.Coded(http.StatusBadRequest, "email_invalid", "email", "Invalid email address: %s", *e.Email)
	}
	if err := e.Address.check("address"); err != nil {
		return err
	}
	if e.Shipping != nil {
		if err := e.Shipping.Address.check("shipping[address]"); err != nil {
			return err
		}
	}
	if e.InvoicePrefix != nil && !invoicePrefix.MatchString(*e.InvoicePrefix) {
		return apierror.Invalid("invoice_prefix", "Invalid invoice prefix: it must be 3 to 12 uppercase letters or numbers.")
	}
	return nil
}

// validEmail is about as strict as Stripe: something@domain.tld, without spaces, and only the address.
func validEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || strings.ContainsAny(s, " \t\r\n<>(),;") || !emailDomain.MatchString(s[at+1:]) {
		return false
	}
	_, err := mail.ParseAddress(s)
	return err == nil
}

func setText(to *Text, from *string) {
	if from != nil {
		*to = Text(*from)
	}
}

func (e *AddressEdit) check(param string) error {
	if e == nil || e.Country == nil || *e.Country == "" || knownCountry(*e.Country) {
		return nil
	}
	return apierror.Invalid(param+"[country]", "Country '%s' is unknown. Try using a 2-character alphanumeric country code "+
		"instead, such as 'US', 'EG', or 'GB'. A full list of country codes is available at "+
		"https://en.wikipedia.org/wiki/ISO_3166-1_alpha-2#Officially_assigned_code_elements", *e.Country)
}

func (e *AddressEdit) apply(old *Address) *Address {
	switch {
	case e == nil:
		return old
	case e.Clear:
		return nil
	}
	n := Address{}
	if old != nil {
		n = *old
	}
	setText(&n.City, e.City)
	setText(&n.Country, e.Country)
	setText(&n.Line1, e.Line1)
	setText(&n.Line2, e.Line2)
	setText(&n.PostalCode, e.PostalCode)
	setText(&n.State, e.State)
	return &n
}

func (e *ShippingEdit) apply(old *Shipping) *Shipping {
	switch {
	case e == nil:
		return old
	case e.Clear:
		return nil
	}
	n := Shipping{}
	if old != nil {
		n = *old
	}
	setText(&n.Name, e.Name)
	setText(&n.Phone, e.Phone)
	if a := e.Address.apply(&n.Address); a != nil {
		n.Address = *a
	}
	return &n
}

func (e *InvoiceSettingsEdit) apply(old InvoiceSettings) InvoiceSettings {
	if e == nil {
		return old
	}
	n := old
	setText(&n.Footer, e.Footer)
	if e.CustomFields != nil {
		n.CustomFields = nil
		if len(*e.CustomFields) > 0 {
			n.CustomFields = append([]CustomField{}, *e.CustomFields...)
		}
	}
	if e.AmountTaxDisplay != nil {
		n.RenderingOptions = nil
		if *e.AmountTaxDisplay != "" {
			n.RenderingOptions = &RenderingOptions{AmountTaxDisplay: Text(*e.AmountTaxDisplay)}
		}
	}
	return n
}
