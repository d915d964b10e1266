package pages

import (
	"strings"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/services/console/internal/session"
)

const hidden = "•••"

// sees reports whether the person may see personal data as it is.
func (c *call) sees() bool { return c.may(session.Operator) }

// email shows an address to those who may see it; others see enough to recognise one that they know.
func (c *call) email(address string) string {
	if c.sees() || address == "" {
		return address
	}
	name, host, ok := strings.Cut(address, "@")
	if !ok || name == "" {
		return hidden
	}
	first := []rune(name)[0]
	return string(first) + hidden + "@" + host
}

// value shows a field to those who may see it. A name is what people are found by; all else about a person is hidden.
func (c *call) value(field, value string) string {
	switch {
	case c.sees() || value == "" || field == "name" || field == "tax_exempt" || field == "preferred_locales":
		return value
	case field == "email":
		return c.email(value)
	}
	return hidden
}

// text shows what a service said about a failure; it may repeat a value.
func (c *call) text(text string) string {
	if c.sees() {
		return text
	}
	words := strings.Fields(text)
	for i, word := range words {
		if strings.Contains(word, "@") {
			words[i] = hidden
		}
	}
	return strings.Join(words, " ")
}

func (c *call) diffs(fields []admin.FieldDiff) []admin.FieldDiff {
	shown := make([]admin.FieldDiff, len(fields))
	for i, f := range fields {
		shown[i] = admin.FieldDiff{Field: f.Field, Before: c.value(f.Field, f.Before), After: c.value(f.Field, f.After)}
	}
	return shown
}
