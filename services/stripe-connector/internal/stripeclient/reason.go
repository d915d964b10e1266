package stripeclient

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/pkg/record"
)

// refused is a record that Stripe does not take as it is. Stripe's own message may quote the value, so the sentence is
// made here, from the code and the parameter.
func refused(told *stripe.Error) *connector.Error {
	field := FieldOf(told.Param)
	return &connector.Error{Class: connector.Permanent, Field: field, Reason: reason(told, field)}
}

var limit = regexp.MustCompile(`(?i)\b(?:at most|up to|maximum of|limit of) (\d{1,6}) (characters|keys)\b`)

func reason(told *stripe.Error, field string) string {
	if field == "" {
		return "Stripe refuses this record" + code(told) + "; see the request in Stripe's dashboard, then change the record"
	}
	if bound := limit.FindStringSubmatch(told.Msg); bound != nil {
		return fmt.Sprintf("Stripe takes at most %s %s for %s; shorten it", bound[1], bound[2], field)
	}
	switch {
	case told.Code == stripe.ErrorCodeEmailInvalid:
		return "Stripe does not accept this email address; correct " + field
	case told.Code == stripe.ErrorCodeParameterMissing:
		return "Stripe does not take the record without " + field + "; set it"
	case told.Code == stripe.ErrorCodeParameterInvalidEmpty, told.Code == "parameter_invalid_string_empty", told.Code == "parameter_invalid_string_blank":
		return "Stripe does not take an empty " + field + "; set it"
	case strings.HasSuffix(field, "address.country"):
		return "Stripe does not know this country; set " + field + " to a two-letter code such as DE or US"
	case field == "preferred_locales":
		return "Stripe does not accept these languages; set preferred_locales to codes such as en or fr-FR"
	}
	return "Stripe refuses the value of " + field + code(told) + "; correct it"
}

func code(told *stripe.Error) string {
	if c := plain(string(told.Code)); c != "" {
		return " (" + c + ")"
	}
	return ""
}

var word = regexp.MustCompile(`^[a-z0-9_]{1,60}$`)

// plain lets only words through that Stripe has defined, never content.
func plain(s string) string {
	if word.MatchString(s) {
		return s
	}
	return ""
}

// FieldOf turns a parameter into the canonical path of a customer's field: address[city] into address.city. It returns
// "" for a parameter that no customer has.
func FieldOf(param string) string {
	name, rest, nested := strings.Cut(param, "[")
	if !nested {
		return known(param)
	}
	rest = strings.TrimSuffix(rest, "]")
	switch name {
	case "metadata":
		return record.MetadataPrefix + rest
	case "preferred_locales":
		return name
	}
	return known(name + "." + strings.ReplaceAll(rest, "][", "."))
}

func known(path string) string {
	switch path {
	case "address", "shipping", "shipping.address", "metadata", "preferred_locales":
		return path
	}
	// A path is known when it survives the way through a customer.
	if record.CustomerOf(record.Fields{path: "x"}).Fields()[path] == "x" {
		return path
	}
	return ""
}
