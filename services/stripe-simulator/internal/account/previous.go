package account

import "slices"

// previousAttributes holds the old values of what changed between two versions, nested for hashes: the way
// customer.updated tells it. It is empty when nothing changed.
func previousAttributes(old, now *Customer) map[string]any {
	prev := map[string]any{}
	was(prev, "balance", old.Balance, now.Balance)
	was(prev, "description", old.Description, now.Description)
	was(prev, "email", old.Email, now.Email)
	was(prev, "invoice_prefix", old.InvoicePrefix, now.InvoicePrefix)
	was(prev, "name", old.Name, now.Name)
	was(prev, "next_invoice_sequence", old.NextInvoiceSequence, now.NextInvoiceSequence)
	was(prev, "phone", old.Phone, now.Phone)
	was(prev, "tax_exempt", old.TaxExempt, now.TaxExempt)
	if !slices.Equal(old.PreferredLocales, now.PreferredLocales) {
		prev["preferred_locales"] = old.PreferredLocales
	}
	nested(prev, "metadata", previousMetadata(old.Metadata, now.Metadata))
	nested(prev, "invoice_settings", previousInvoiceSettings(old.InvoiceSettings, now.InvoiceSettings))
	if whole(prev, "address", old.Address, now.Address) {
		nested(prev, "address", previousAddress(*old.Address, *now.Address))
	}
	if whole(prev, "shipping", old.Shipping, now.Shipping) {
		nested(prev, "shipping", previousShipping(*old.Shipping, *now.Shipping))
	}
	return prev
}

func was[T comparable](prev map[string]any, name string, old, now T) {
	if old != now {
		prev[name] = old
	}
}

func nested(prev map[string]any, name string, changes map[string]any) {
	if len(changes) > 0 {
		prev[name] = changes
	}
}

// whole handles a hash that appeared or went; both is true when it was and is there, so its parts have to be compared.
func whole[T any](prev map[string]any, name string, old, now *T) (both bool) {
	switch {
	case old == nil && now == nil:
		return false
	case old == nil:
		prev[name] = nil
		return false
	case now == nil:
		prev[name] = old
		return false
	}
	return true
}

func previousAddress(old, now Address) map[string]any {
	prev := map[string]any{}
	was(prev, "city", old.City, now.City)
	was(prev, "country", old.Country, now.Country)
	was(prev, "line1", old.Line1, now.Line1)
	was(prev, "line2", old.Line2, now.Line2)
	was(prev, "postal_code", old.PostalCode, now.PostalCode)
	was(prev, "state", old.State, now.State)
	return prev
}

func previousShipping(old, now Shipping) map[string]any {
	prev := map[string]any{}
	was(prev, "name", old.Name, now.Name)
	was(prev, "phone", old.Phone, now.Phone)
	nested(prev, "address", previousAddress(old.Address, now.Address))
	return prev
}

func previousMetadata(old, now map[string]string) map[string]any {
	prev := map[string]any{}
	for key, value := range old {
		if now[key] != value {
			prev[key] = value
		}
	}
	for key := range now {
		if _, had := old[key]; !had {
			prev[key] = nil
		}
	}
	return prev
}

func previousInvoiceSettings(old, now InvoiceSettings) map[string]any {
	prev := map[string]any{}
	was(prev, "footer", old.Footer, now.Footer)
	was(prev, "default_payment_method", old.DefaultPaymentMethod, now.DefaultPaymentMethod)
	if !slices.Equal(old.CustomFields, now.CustomFields) {
		prev["custom_fields"] = old.CustomFields
	}
	if whole(prev, "rendering_options", old.RenderingOptions, now.RenderingOptions) && *old.RenderingOptions != *now.RenderingOptions {
		prev["rendering_options"] = *old.RenderingOptions
	}
	return prev
}
