package api

import "net/http"

// Code is the stable name of an error, for programs.
type Code string

// The codes. Codes says what each means.
const (
	CodeMalformedJSON        Code = "malformed_json"
	CodeInvalidParameter     Code = "invalid_parameter"
	CodeInvalidCursor        Code = "invalid_cursor"
	CodeInvalidHeader        Code = "invalid_header"
	CodeMissingAPIKey        Code = "missing_api_key"
	CodeInvalidAPIKey        Code = "invalid_api_key"
	CodeExpiredAPIKey        Code = "expired_api_key"
	CodeInsufficientScope    Code = "insufficient_scope"
	CodeCustomerNotFound     Code = "customer_not_found"
	CodeCustomerDeleted      Code = "customer_deleted"
	CodeCustomerErased       Code = "customer_erased"
	CodeRouteNotFound        Code = "route_not_found"
	CodeMethodNotAllowed     Code = "method_not_allowed"
	CodeRequestTimeout       Code = "request_timeout"
	CodeRequestInProgress    Code = "request_in_progress"
	CodeVersionMismatch      Code = "version_mismatch"
	CodeBodyTooLarge         Code = "body_too_large"
	CodeUnsupportedMediaType Code = "unsupported_media_type"
	CodeValidationFailed     Code = "validation_failed"
	CodeIdempotencyKeyReused Code = "idempotency_key_reused"
	CodeTooManyRequests      Code = "too_many_requests"
	CodeTooManyLogins        Code = "too_many_logins"
	CodeImportNotFound       Code = "import_not_found"
	CodeUnreadableFile       Code = "unreadable_file"
	CodeInternal             Code = "internal_error"
	CodeUnavailable          Code = "service_unavailable"
)

// CodeInfo describes a code for the reference.
type CodeInfo struct {
	Code   Code
	Status int
	Title  string
	Fix    string // what a client does about it
}

// Codes returns every code that the API answers with.
func Codes() []CodeInfo {
	return []CodeInfo{
		{CodeMalformedJSON, http.StatusBadRequest, "The body is not valid JSON", "Correct the body at the place that detail names."},
		{CodeInvalidParameter, http.StatusBadRequest, "A query parameter is invalid", "Correct the parameters that errors lists."},
		{CodeInvalidCursor, http.StatusBadRequest, "The cursor is invalid", "Send next_cursor of the previous page unchanged, or no cursor to begin again."},
		{CodeInvalidHeader, http.StatusBadRequest, "A header is invalid", "Correct the headers that errors lists."},
		{CodeMissingAPIKey, http.StatusUnauthorized, "No API key was sent", "Send the header Authorization: Bearer ds_..."},
		{CodeInvalidAPIKey, http.StatusUnauthorized, "The API key is not known", "Check the key for typing mistakes, or ask for a new one."},
		{CodeExpiredAPIKey, http.StatusUnauthorized, "The API key has expired or was revoked", "Ask for a new key."},
		{CodeInsufficientScope, http.StatusForbidden, "The API key may not do this", "Use a key with the scope that detail names."},
		{CodeCustomerNotFound, http.StatusNotFound, "There is no such customer", "Check the id; find customers with GET /v1/customers."},
		{CodeCustomerDeleted, http.StatusNotFound, "The customer is deleted", "Restore it with POST /v1/customers/{id}/restore, or read it with include_deleted=true."},
		{CodeCustomerErased, http.StatusGone, "The customer's personal data was erased", "It is gone for good: there is nothing to read, to change or to restore. Create a new customer if there has to be one."},
		{CodeRouteNotFound, http.StatusNotFound, "There is nothing at this address", "Look the address up in /docs."},
		{CodeMethodNotAllowed, http.StatusMethodNotAllowed, "The method is not allowed here", "Use one of the methods in the header Allow."},
		{CodeRequestTimeout, http.StatusRequestTimeout, "The body took too long to arrive", "Send the request again."},
		{CodeRequestInProgress, http.StatusConflict, "A request with this Idempotency-Key is still running", "Wait a moment and send the same request again."},
		{CodeVersionMismatch, http.StatusPreconditionFailed, "The customer has another version than If-Match says", "Read the customer again, apply the change to what it is now, and send its new ETag."},
		{CodeBodyTooLarge, http.StatusRequestEntityTooLarge, "The body is too large", "Send at most 1 MiB."},
		{CodeUnsupportedMediaType, http.StatusUnsupportedMediaType, "The body has a type that is not understood", "Send Content-Type: application/json."},
		{CodeValidationFailed, http.StatusUnprocessableEntity, "The customer is not valid", "Correct the fields that errors lists."},
		{CodeIdempotencyKeyReused, http.StatusUnprocessableEntity, "The Idempotency-Key was used for another request", "Use a new key for every new request."},
		{CodeTooManyRequests, http.StatusTooManyRequests, "The API key was used too often", "Wait as long as Retry-After says; RateLimit tells on every answer what is left."},
		{CodeTooManyLogins, http.StatusTooManyRequests, "Too many wrong API keys came from this address", "Correct the key, and wait as long as Retry-After says. A valid key is let in all the same."},
		{CodeImportNotFound, http.StatusNotFound, "There is no such import", "Check the id; imports are kept for seven days."},
		{CodeUnreadableFile, http.StatusUnprocessableEntity, "Nothing of the file can be imported", "Correct what errors lists and upload it again."},
		{CodeInternal, http.StatusInternalServerError, "Something went wrong in the catalog", "Send the request again; if it fails again, report the request_id."},
		{CodeUnavailable, http.StatusServiceUnavailable, "The catalog is not available at the moment", "The database does not answer. Send the request again after the time in Retry-After."},
	}
}

// info returns what Codes says about a code.
func (c Code) info() CodeInfo {
	for _, info := range Codes() {
		if info.Code == c {
			return info
		}
	}
	return CodeInternal.info()
}
