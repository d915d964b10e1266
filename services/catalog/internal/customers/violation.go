package customers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Reason is why a value was refused, in a word that programs can rely on.
type Reason string

// The reasons.
const (
	ReasonUnknownField  Reason = "unknown_field"
	ReasonReadOnly      Reason = "read_only"
	ReasonWrongType     Reason = "wrong_type"
	ReasonTooLong       Reason = "too_long"
	ReasonTooMany       Reason = "too_many"
	ReasonInvalidValue  Reason = "invalid_value"
	ReasonInvalidChars  Reason = "invalid_characters"
	ReasonIncomplete    Reason = "incomplete"
	ReasonReservedField Reason = "reserved"
)

// Violation is one thing wrong with the input.
type Violation struct {
	Pointer string // JSON pointer (RFC 6901) into the request body
	Reason  Reason
	Detail  string // one sentence: what is wrong and what to do
}

// Invalid is the error of an input that is JSON but no customer.
type Invalid struct{ Violations []Violation }

// Error implements error. It names places, never values: those are personal data.
func (e *Invalid) Error() string {
	parts := make([]string, len(e.Violations))
	for i, v := range e.Violations {
		parts[i] = fmt.Sprintf("%s: %s", v.Pointer, v.Reason)
	}
	return "invalid customer: " + strings.Join(parts, ", ")
}

// invalid returns the violations as an error in the order of their pointers; nil when there are none.
func invalid(violations []Violation) error {
	if len(violations) == 0 {
		return nil
	}
	slices.SortFunc(violations, func(a, b Violation) int {
		return cmp.Or(strings.Compare(a.Pointer, b.Pointer), strings.Compare(string(a.Reason), string(b.Reason)))
	})
	return &Invalid{Violations: violations}
}

// Malformed is the error of a body that is not JSON.
type Malformed struct {
	Line, Column int // where, counted from 1; the column in bytes
	Detail       string
}

// Error implements error.
func (e *Malformed) Error() string {
	return fmt.Sprintf("not valid JSON at line %d, column %d: %s", e.Line, e.Column, e.Detail)
}
