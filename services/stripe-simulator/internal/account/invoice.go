package account

// Invoice is as much of an invoice as is needed to see that one is open.
type Invoice struct {
	ID                     string            `json:"id"`
	Object                 string            `json:"object"`
	AmountDue              int64             `json:"amount_due"`
	AmountPaid             int64             `json:"amount_paid"`
	AmountRemaining        int64             `json:"amount_remaining"`
	AmountShipping         int64             `json:"amount_shipping"`
	Attempted              bool              `json:"attempted"`
	AttemptCount           int64             `json:"attempt_count"`
	AutomaticTax           AutomaticTax      `json:"automatic_tax"`
	CollectionMethod       string            `json:"collection_method"`
	Created                int64             `json:"created"`
	Currency               string            `json:"currency"`
	DefaultTaxRates        []struct{}        `json:"default_tax_rates"`
	Customer               string            `json:"customer"`
	Lines                  EmptyList         `json:"lines"`
	Livemode               bool              `json:"livemode"`
	Metadata               map[string]string `json:"metadata"`
	Paid                   bool              `json:"paid"`
	PaidOutOfBand          bool              `json:"paid_out_of_band"`
	PaymentSettings        PaymentSettings   `json:"payment_settings"`
	PeriodEnd              int64             `json:"period_end"`
	PeriodStart            int64             `json:"period_start"`
	PostPaymentCreditNotes int64             `json:"post_payment_credit_notes_amount"`
	PrePaymentCreditNotes  int64             `json:"pre_payment_credit_notes_amount"`
	StartingBalance        int64             `json:"starting_balance"`
	Status                 string            `json:"status"`
	StatusTransitions      StatusTransitions `json:"status_transitions"`
	Subtotal               int64             `json:"subtotal"`
	Total                  int64             `json:"total"`
	TotalTaxAmounts        []struct{}        `json:"total_tax_amounts"`

	pos int64
}

// PaymentSettings are never set here.
type PaymentSettings struct {
	DefaultMandate       Text      `json:"default_mandate"`
	PaymentMethodOptions *struct{} `json:"payment_method_options"`
	PaymentMethodTypes   []string  `json:"payment_method_types"`
}

// StatusTransitions tell when an invoice changed its status.
type StatusTransitions struct {
	FinalizedAt           *int64 `json:"finalized_at"`
	MarkedUncollectibleAt *int64 `json:"marked_uncollectible_at"`
	PaidAt                *int64 `json:"paid_at"`
	VoidedAt              *int64 `json:"voided_at"`
}

func (i *Invoice) position() int64 { return i.pos }

// AddInvoice gives a customer an invoice over an amount in cents, with the given status ("open").
func (d *Side) AddInvoice(customer, status string, amount int64) (*Invoice, error) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	if _, err := d.alive(customer); err != nil {
		return nil, err
	}
	id, now := NewID("in_1", 23), d.Now()
	i := &Invoice{
		ID: id, Object: "invoice", AmountDue: amount, AmountRemaining: amount, CollectionMethod: "send_invoice", Created: now,
		Currency: "usd", Customer: customer, DefaultTaxRates: []struct{}{}, TotalTaxAmounts: []struct{}{}, Lines: NewEmptyList("/v1/invoices/" + id + "/lines"), Livemode: d.livemode,
		Metadata: map[string]string{}, PeriodStart: now, PeriodEnd: now, Status: status, Subtotal: amount, Total: amount, pos: d.next(),
	}
	if status != "draft" {
		i.StatusTransitions.FinalizedAt = &now
	}
	if status == "paid" {
		i.StatusTransitions.PaidAt = &now
		i.Paid, i.AmountPaid, i.AmountRemaining = true, amount, 0
	}
	d.invoices = append(d.invoices, i)
	return i, d.tell("invoice.created", i)
}

// Invoices lists invoices; without a status all of them.
func (d *Side) Invoices(f BillingFilter, r Range) Page[*Invoice] {
	d.store.mu.RLock()
	defer d.store.mu.RUnlock()
	return page(d.invoices, r, func(i *Invoice) bool {
		return (f.Customer == "" || i.Customer == f.Customer) && (f.Status == "" || i.Status == f.Status)
	})
}

// InvoicePosition returns an invoice's place in the listing.
func (d *Side) InvoicePosition(id string) (int64, bool) {
	d.store.mu.RLock()
	defer d.store.mu.RUnlock()
	return find(d.invoices, func(i *Invoice) bool { return i.ID == id })
}
