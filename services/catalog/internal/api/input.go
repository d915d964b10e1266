package api

// CustomerInput describes the body of a write. In POST and PUT a field that is left out is not set; in PATCH it stays
// as it is, and null (or "") clears it. The lengths are those of package customers, which reads the bodies; a test
// keeps the two in step.
type CustomerInput struct {
	Name             *string            `json:"name,omitempty" nullable:"true" maxLength:"256" example:"Jane Doe"`
	Email            *string            `json:"email,omitempty" nullable:"true" maxLength:"512" example:"jane@example.com"`
	Phone            *string            `json:"phone,omitempty" nullable:"true" maxLength:"20" example:"+49 30 123456"`
	Description      *string            `json:"description,omitempty" nullable:"true" maxLength:"5000"`
	Address          *AddressInput      `json:"address,omitempty"`
	Shipping         *ShippingInput     `json:"shipping,omitempty" doc:"Needs a name and an address"`
	Metadata         map[string]*string `json:"metadata,omitempty" nullable:"true" doc:"At most 48 entries. Keys: at most 40 characters, no square brackets, not beginning with datasync_. Values: at most 500 characters. PATCH merges by key; null removes an entry."`
	PreferredLocales []string           `json:"preferred_locales,omitempty" nullable:"true" maxItems:"20" doc:"Language tags, the preferred one first"`
	TaxExempt        *string            `json:"tax_exempt,omitempty" nullable:"true" doc:"none (the default), exempt or reverse" example:"none"`
}

// AddressInput is a postal address in a write.
type AddressInput struct {
	_          struct{} `json:"-" nullable:"true"`
	Line1      *string  `json:"line1,omitempty" nullable:"true" maxLength:"5000" example:"Hauptstr. 1"`
	Line2      *string  `json:"line2,omitempty" nullable:"true" maxLength:"5000"`
	City       *string  `json:"city,omitempty" nullable:"true" maxLength:"5000" example:"Berlin"`
	State      *string  `json:"state,omitempty" nullable:"true" maxLength:"5000"`
	PostalCode *string  `json:"postal_code,omitempty" nullable:"true" maxLength:"5000" example:"10115"`
	Country    *string  `json:"country,omitempty" nullable:"true" doc:"ISO 3166-1 alpha-2" example:"DE"`
}

// ShippingInput is where and to whom goods go, in a write.
type ShippingInput struct {
	_       struct{}      `json:"-" nullable:"true"`
	Name    *string       `json:"name,omitempty" nullable:"true" maxLength:"5000" example:"Jane Doe"`
	Phone   *string       `json:"phone,omitempty" nullable:"true" maxLength:"5000"`
	Address *AddressInput `json:"address,omitempty"`
}
