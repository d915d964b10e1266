package exit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/datasync-dev/datasync/pkg/admin"
)

// Explain turns any error into one that says what is wrong and how to fix it. What is an *Error already stays as it is.
func Explain(err error) error {
	var ending *Error
	var refused *admin.RequestError
	switch {
	case err == nil, errors.As(err, &ending):
		return err
	case errors.As(err, &refused):
		return refusal(refused)
	case errors.Is(err, context.Canceled):
		return Wrap(Partial, err, "interrupted", "")
	case timedOut(err):
		return Wrap(Timeout, err, "there was no answer in time"+at(err), "try again, or allow more time with --timeout")
	}
	return unreachable(err)
}

func timedOut(err error) bool {
	var network net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) && network.Timeout()
}

// at names the server that an error of the HTTP client is about.
func at(err error) string {
	var failed *url.Error
	if !errors.As(err, &failed) {
		return ""
	}
	address, parseErr := url.Parse(failed.URL)
	if parseErr != nil {
		return ""
	}
	return " from " + address.Scheme + "://" + address.Host
}

// unreachable explains failures to connect; other errors are told in their own words.
func unreachable(err error) error {
	var failed *url.Error
	if !errors.As(err, &failed) {
		return Wrap(Failed, err, err.Error(), "")
	}
	server := strings.TrimPrefix(at(err), " from ")
	const settings = "DATASYNC_URL and DATASYNC_CONNECTORS"
	var host *net.DNSError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return Wrap(Failed, err, "nothing listens at "+server, "start the services (make up), or correct "+settings)
	case errors.As(err, &host):
		return Wrap(Failed, err, fmt.Sprintf("the name %q cannot be resolved", host.Name), "correct "+settings)
	}
	return Wrap(Failed, err, fmt.Sprintf("%s cannot be reached: %s", server, failed.Err), "check the network, and "+settings)
}

// refusal explains an answer of a service.
func refusal(r *admin.RequestError) *Error {
	if what, fix, ok := inWords(r); ok {
		return Wrap(codeOfStatus(r.Status), r, what, fix)
	}
	what := strings.TrimRight(cmp.Or(r.Title, http.StatusText(r.Status)), ".")
	fix := strings.TrimSpace(r.Detail)
	if what == http.StatusText(r.Status) && fix != "" { // the detail is the better sentence
		what, fix = strings.TrimRight(fix, "."), ""
	}
	if len(r.Errors) > 0 {
		fix = "" // it only points to them
	}
	for _, one := range r.Errors {
		fix += " " + strings.TrimPrefix(field(one)+": ", ": ") + one.Detail
	}
	fix = strings.TrimSpace(fix)
	if r.Status == http.StatusNotFound && (r.Code == "unknown" || r.Code == "route_not_found") {
		return Wrap(Failed, r, "the service does not offer this", "check that the URL is that of a DataSync service of the same version as this program")
	}
	if r.Code == "unknown" {
		what = fmt.Sprintf("the server answered %d %s", r.Status, what)
		fix = cmp.Or(fix, "check that the URL is that of a DataSync service")
	}
	if r.RequestID != "" && r.Status >= http.StatusInternalServerError {
		fix += " (request id " + r.RequestID + ")"
	}
	return Wrap(codeOfStatus(r.Status), r, what, fix)
}

// field says where in the request something is wrong, as a person would write it: address.country, or --sync-state.
func field(one admin.ProblemDetail) string {
	if one.Parameter != "" {
		return flagOf(one.Parameter)
	}
	return strings.ReplaceAll(strings.TrimPrefix(cmp.Or(one.Pointer, one.Header), "/"), "/", ".")
}

func codeOfStatus(status int) Code {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return Auth
	case http.StatusNotFound, http.StatusGone:
		return NotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return Conflict
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return Timeout
	}
	return Failed
}
