package plan

import (
	"fmt"

	"github.com/datasync-dev/datasync/pkg/record"
)

// fields are those that people write.
var fields = []string{ //nolint:gochecknoglobals // a constant
	"name", "email", "phone", "description", "address.city", "address.line1", "metadata.tier", "metadata.note",
}

// Stripe refuses a country that does not exist; the catalog takes any two letters.
const (
	poisonField = "address.country"
	poisonValue = "ZZ"
)

// EmailDomain ends every email address that is written. It must not be seen in any log.
const EmailDomain = "torture.example"

// value is one that nobody wrote before.
func (w *writer) value(field string) string {
	w.values++
	return Value(field, fmt.Sprint(w.values))
}

// Value makes a value of a field that differs for each tag.
func Value(field, tag string) string {
	switch field {
	case "email":
		return "user" + tag + "@" + EmailDomain
	case "phone":
		return "+49 " + tag
	default:
		return field + " " + tag
	}
}

// birth is a new customer.
func (w *writer) birth() record.Patch {
	patch := record.Patch{"name": w.value("name"), "email": w.value("email")}
	for _, field := range fields[2:] {
		if w.chance(0.4) {
			patch[field] = w.value(field)
		}
	}
	return patch
}

// edit changes one field or two; now and then it clears one.
func (w *writer) edit() record.Patch {
	patch := record.Patch{}
	for range 1 + w.random.IntN(2) {
		field := fields[w.random.IntN(len(fields))]
		patch[field] = w.value(field)
		if field != "name" && w.chance(0.1) {
			patch[field] = ""
		}
	}
	return patch
}
