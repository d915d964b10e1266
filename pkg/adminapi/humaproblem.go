package adminapi

import (
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// installProblems makes huma's own errors Problems too. Huma only knows a program-wide setting for that; a program that
// has its own kind of problem sets it itself.
var installProblems = sync.OnceFunc(func() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return humaProblem(status, message, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		p := humaProblem(status, message, errs)
		p.RequestID = requestID(ctx.Context())
		return p
	}
})

// humaProblem translates what huma finds wrong before an operation is reached.
func humaProblem(status int, message string, errs []error) *Problem {
	details := make([]admin.ProblemDetail, 0, len(errs))
	parameters := false
	for _, err := range errs {
		detail := admin.ProblemDetail{Detail: sentence(err.Error())}
		if detailer, ok := err.(huma.ErrorDetailer); ok {
			found := detailer.ErrorDetail()
			detail = Located(found.Location, found.Message)
		}
		parameters = parameters || detail.Parameter != "" || detail.Header != ""
		details = append(details, detail)
	}
	switch {
	case status == http.StatusUnprocessableEntity && parameters:
		return Refuse(http.StatusBadRequest, "invalid_parameter", "Correct the parameters that errors lists.", details...)
	case status == http.StatusUnprocessableEntity:
		return Refuse(status, "validation_failed", "Correct what errors lists.", details...)
	case status == http.StatusBadRequest:
		return Refuse(status, "malformed_json", "The body is not the JSON that is expected: "+message+".", details...)
	case status == http.StatusRequestEntityTooLarge:
		return Refuse(status, "body_too_large", "The body is too large.")
	case status == http.StatusUnsupportedMediaType:
		return Refuse(status, "unsupported_media_type", "Send Content-Type: application/json.")
	}
	return Refuse(status, "internal_error", sentence(message), details...)
}

// Located says where huma found something wrong: its locations are like query.limit and body.ids[3].
func Located(location, message string) admin.ProblemDetail {
	if strings.HasPrefix(message, "invalid date/time") { // huma quotes Go's layout
		message = "write a time like 2026-01-31T12:00:00Z"
	}
	detail := admin.ProblemDetail{Detail: sentence(message)}
	place, name, _ := strings.Cut(location, ".")
	switch {
	case place == "body" || strings.HasPrefix(place, "body["):
		path := strings.TrimPrefix(location, "body")
		detail.Pointer = strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(path)
	case place == "header":
		detail.Header = name
	default:
		detail.Parameter = name
	}
	return detail
}

func sentence(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}
