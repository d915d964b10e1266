package account

import (
	"encoding/json"
	"fmt"
	"time"
)

// Text is a nullable string of Stripe's: empty is null.
type Text string

// MarshalJSON implements json.Marshaler.
func (t Text) MarshalJSON() ([]byte, error) {
	if t == "" {
		return []byte("null"), nil
	}
	return json.Marshal(string(t))
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(b []byte) error {
	var s *string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	*t = ""
	if s != nil {
		*t = Text(*s)
	}
	return nil
}

// Address as Stripe shows it: every part is there, null when unset.
type Address struct {
	City       Text `json:"city"`
	Country    Text `json:"country"`
	Line1      Text `json:"line1"`
	Line2      Text `json:"line2"`
	PostalCode Text `json:"postal_code"`
	State      Text `json:"state"`
}

// Shipping is where goods go.
type Shipping struct {
	Address Address `json:"address"`
	Name    Text    `json:"name"`
	Phone   Text    `json:"phone"`
}

// InvoiceSettings are a customer's defaults for invoices.
type InvoiceSettings struct {
	CustomFields         []CustomField     `json:"custom_fields"`
	DefaultPaymentMethod Text              `json:"default_payment_method"`
	Footer               Text              `json:"footer"`
	RenderingOptions     *RenderingOptions `json:"rendering_options"`
}

// CustomField is printed on invoices.
type CustomField struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// RenderingOptions say how invoices are printed.
type RenderingOptions struct {
	AmountTaxDisplay Text `json:"amount_tax_display"`
}

// Customer is one version of a customer: every standard property of API version 2023-10-16. It is never changed after
// it was stored; its slices and maps must not be changed by anybody who got it.
type Customer struct {
	ID                  string            `json:"id"`
	Object              string            `json:"object"`
	Address             *Address          `json:"address"`
	Balance             int64             `json:"balance"`
	Created             int64             `json:"created"`
	Currency            Text              `json:"currency"`
	DefaultSource       Text              `json:"default_source"`
	Delinquent          bool              `json:"delinquent"`
	Description         Text              `json:"description"`
	Discount            *struct{}         `json:"discount"`
	Email               Text              `json:"email"`
	InvoicePrefix       Text              `json:"invoice_prefix"`
	InvoiceSettings     InvoiceSettings   `json:"invoice_settings"`
	Livemode            bool              `json:"livemode"`
	Metadata            map[string]string `json:"metadata"`
	Name                Text              `json:"name"`
	NextInvoiceSequence int64             `json:"next_invoice_sequence"`
	Phone               Text              `json:"phone"`
	PreferredLocales    []string          `json:"preferred_locales"`
	Shipping            *Shipping         `json:"shipping"`
	TaxExempt           string            `json:"tax_exempt"`
	TestClock           Text              `json:"test_clock"`

	deleted bool
	raw     json.RawMessage // the rendering, made once
	at      time.Time       // when this version came into being, for the lag of search
	prev    *Customer       // what search may still see; guarded by the store's lock
}

// Deleted tells whether the customer is gone; its other properties are then those it had last.
func (c *Customer) Deleted() bool { return c.deleted }

// JSON is the customer as the API shows it; a deleted one shows little.
func (c *Customer) JSON() json.RawMessage {
	if c.deleted {
		return json.RawMessage(fmt.Sprintf(`{"id":%q,"object":"customer","deleted":true}`, c.ID))
	}
	return c.raw
}

// render makes the JSON once, before the customer is shared.
func (c *Customer) render() error {
	raw, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("render customer: %w", err)
	}
	c.raw = raw
	return nil
}

// row is a customer's place in the listing; current changes, the place never does.
type row struct {
	pos     int64
	current *Customer
}

func (r *row) position() int64 { return r.pos }
