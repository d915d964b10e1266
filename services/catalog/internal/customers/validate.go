package customers

import (
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/datasync-dev/datasync/pkg/record"
)

var (
	localePattern  = regexp.MustCompile(`^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$`)
	countryPattern = regexp.MustCompile(`^[A-Za-z]{2}$`)
)

// Patch returns what a merge patch changes of a customer with these fields. The error is *Invalid.
func (e Edit) Patch(current record.Fields) (record.Patch, error) {
	patch := record.Patch{}
	if e.clearMetadata {
		for path := range current {
			if isMetadata(path) {
				patch[path] = ""
			}
		}
	}
	for path, value := range e.set {
		if current[path] != value {
			patch[path] = value
		}
	}
	return patch, invalid(check(current, patch))
}

// Replacement returns what changes of a customer with these fields when the edit is all that shall be left of it.
// Paths that this program does not know (a newer connector's) are left alone. The error is *Invalid.
func (e Edit) Replacement(current record.Fields) (record.Patch, error) {
	patch := record.Diff(current, record.Fields{}.Apply(e.set))
	for path := range patch {
		if !KnownField(path) {
			delete(patch, path)
		}
	}
	return patch, invalid(check(current, patch))
}

// check finds what is wrong with the values that a patch sets. What it leaves alone is not looked at: the customer may hold values of
// a remote that would be refused from a client, and they must not stand in the way of other changes.
func check(current record.Fields, patch record.Patch) []Violation {
	var violations []Violation
	for path, value := range patch {
		if value == "" {
			continue
		}
		if v := checkKey(path); v != nil {
			violations = append(violations, *v)
		} else if v := checkValue(path, value); v != nil {
			violations = append(violations, *v)
		}
	}
	next := current.Apply(patch)
	violations = append(violations, checkShipping(next, patch)...)
	return append(violations, checkMetadataCount(next, patch)...)
}

func violation(path string, reason Reason, format string, args ...any) *Violation {
	return &Violation{Pointer: pointerOf(path), Reason: reason, Detail: fmt.Sprintf(format, args...)}
}

// checkKey checks the key of a metadata entry.
func checkKey(path string) *Violation {
	key, ok := strings.CutPrefix(path, record.MetadataPrefix)
	switch {
	case !ok:
		return nil
	case strings.HasPrefix(key, ReservedMetadata):
		return violation(path, ReasonReservedField, "Metadata keys that begin with %q belong to DataSync; choose another.", ReservedMetadata)
	case utf8.RuneCountInString(key) > MaxMetadataKey:
		return violation(path, ReasonTooLong, "The key is %d characters long; at most %d are allowed.", utf8.RuneCountInString(key), MaxMetadataKey)
	case strings.ContainsAny(key, "[]"):
		return violation(path, ReasonInvalidChars, "A metadata key must not contain square brackets.")
	case strings.ContainsFunc(key, unicode.IsControl):
		return violation(path, ReasonInvalidChars, "A metadata key must not contain control characters.")
	}
	return nil
}

func checkValue(path, value string) *Violation {
	if length, limit := utf8.RuneCountInString(value), maxLength(path); length > limit && path != localesPath {
		return violation(path, ReasonTooLong, "Is %d characters long; at most %d are allowed.", length, limit)
	}
	if hasControl(value, path == "description" || isMetadata(path)) {
		return violation(path, ReasonInvalidChars, "Contains control characters; remove them.")
	}
	switch path {
	case "email":
		if !isEmail(value) {
			return violation(path, ReasonInvalidValue, "Does not look like an email address; write it like jane@example.com.")
		}
	case taxExemptPath:
		if value != "exempt" && value != "reverse" {
			return violation(path, ReasonInvalidValue, `Must be "none", "exempt" or "reverse".`)
		}
	case "address.country", "shipping.address.country":
		if !countryPattern.MatchString(value) {
			return violation(path, ReasonInvalidValue, "Must be a two-letter country code (ISO 3166-1 alpha-2), like DE.")
		}
	}
	return nil
}

// hasControl reports control characters; line breaks and tabs are fine in running text.
func hasControl(value string, runningText bool) bool {
	return strings.ContainsFunc(value, func(r rune) bool {
		if runningText && (r == '\n' || r == '\r' || r == '\t') {
			return false
		}
		return unicode.IsControl(r)
	})
}

func isEmail(value string) bool {
	address, err := mail.ParseAddress(value)
	return err == nil && address.Address == value && !strings.ContainsAny(value, " \t")
}

// checkShipping: Stripe takes shipping only with a name and an address.
func checkShipping(next record.Fields, patch record.Patch) []Violation {
	touched, present, address := false, false, false
	for path := range patch {
		touched = touched || strings.HasPrefix(path, "shipping.")
	}
	for path := range next {
		present = present || strings.HasPrefix(path, "shipping.")
		address = address || strings.HasPrefix(path, "shipping.address.")
	}
	if !touched || !present {
		return nil
	}
	var violations []Violation
	if next["shipping.name"] == "" {
		violations = append(violations, *violation("shipping.name", ReasonIncomplete, "Shipping needs a name; set it, or clear shipping with null."))
	}
	if !address {
		violations = append(violations, *violation("shipping.address", ReasonIncomplete, "Shipping needs an address; set it, or clear shipping with null."))
	}
	return violations
}

func checkMetadataCount(next record.Fields, patch record.Patch) []Violation {
	count, added := 0, false
	for path := range next {
		if isMetadata(path) {
			count++
			added = added || patch[path] != ""
		}
	}
	if !added || count <= MaxMetadata {
		return nil
	}
	return []Violation{{
		Pointer: "/metadata", Reason: ReasonTooMany,
		Detail: fmt.Sprintf("Would have %d entries; at most %d are allowed. Clear some with null.", count, MaxMetadata),
	}}
}
