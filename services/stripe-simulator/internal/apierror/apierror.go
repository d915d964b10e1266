// Package apierror holds errors as Stripe tells them: one coded type, turned into HTTP in one place.
package apierror

import (
	"fmt"
	"net/http"
)

// The types of errors that the simulator gives.
const (
	TypeInvalidRequest = "invalid_request_error"
	TypeIdempotency    = "idempotency_error"
	TypeAPI            = "api_error"
)

// Error is one error of the API. It marshals to what stands under "error" in Stripe's answers.
type Error struct {
	Status        int    `json:"-"`
	Code          string `json:"code,omitempty"`
	DocURL        string `json:"doc_url,omitempty"`
	Message       string `json:"message"`
	Param         string `json:"param,omitempty"`
	RequestLogURL string `json:"request_log_url,omitempty"`
	Type          string `json:"type"`
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// Invalid is a 400 without a code, about one parameter.
func Invalid(param, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Type: TypeInvalidRequest, Param: param, Message: fmt.Sprintf(format, args...)}
}

// Coded is an invalid request with a code that Stripe documents.
func Coded(status int, code, param, format string, args ...any) *Error {
	e := Invalid(param, format, args...)
	e.Status, e.Code = status, code
	return e
}

// Missing says that an object named in the path does not exist: 404.
func Missing(kind, id string) *Error {
	return Coded(http.StatusNotFound, "resource_missing", "id", "No such %s: '%s'", kind, id)
}

// MissingParam says that an object named in a parameter does not exist: 400.
func MissingParam(kind, id, param string) *Error {
	return Coded(http.StatusBadRequest, "resource_missing", param, "No such %s: '%s'", kind, id)
}

// Required says that a parameter has to be there.
func Required(param string) *Error {
	return Coded(http.StatusBadRequest, "parameter_missing", param, "Missing required param: %s.", param)
}

// Empty says that a parameter was sent empty although it cannot be unset.
func Empty(param string) *Error {
	return Coded(http.StatusBadRequest, "parameter_invalid_empty", param,
		"You passed an empty string for '%s'. We assume empty values are an attempt to unset a parameter; however '%s' "+
			"cannot be unset. You should remove '%s' from your request or supply a non-empty value.", param, param, param)
}

// Internal is the 500 that Stripe gives when something broke on its side.
func Internal() *Error {
	return &Error{
		Status: http.StatusInternalServerError, Type: TypeAPI,
		Message: "An unknown error occurred. Try again, or reach out at https://support.stripe.com with the request id.",
	}
}
