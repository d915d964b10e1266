package stripeclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/stripe/stripe-go/v76"

	"github.com/datasync-dev/datasync/pkg/connector"
)

// notStripe is what an operator reads when something else than Stripe's API answers.
const notStripe = "what answers at STRIPE_API_URL is not Stripe's API; correct the URL and restart"

// ErrNoCursor is wrapped by the error of a listing whose starting point does not exist any more.
var ErrNoCursor = errors.New("the object that the listing starts from is gone")

// classify turns a failed call into what the engine does about it. This is the only place that knows Stripe's errors.
func classify(err error, x *exchange, read bool) *connector.Error {
	if known, ok := errors.AsType[*connector.Error](err); ok { // made by the transport
		return known
	}
	var told *stripe.Error
	if x.status < http.StatusBadRequest {
		return unanswered(err, x)
	} else if !errors.As(err, &told) {
		told = &stripe.Error{} // an error page of something in between
	}
	failure := answered(told, x)
	failure.Status, failure.RequestID = x.status, x.header.Get("Request-Id")
	if failure.Err == nil {
		failure.Err = fmt.Errorf("%d %s %s", x.status, plain(string(told.Type)), plain(string(told.Code)))
	}
	if read && failure.Class == connector.Permanent && !errors.Is(failure, connector.ErrGone) {
		failure.Class, failure.Field = connector.Transient, ""
	}
	return failure
}

// unanswered is a call of which nobody knows whether it took effect: it is made again under the same key.
func unanswered(err error, x *exchange) *connector.Error {
	failure := &connector.Error{Class: connector.Transient, Reason: "Stripe could not be reached; tried again by itself", Err: cause(err)}
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		failure.Reason = "the call was given up while stopping; made again after the restart"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		failure.Reason = "Stripe did not answer in time; tried again by itself"
	case x.status != 0:
		failure.Reason = "Stripe's answer could not be read; tried again by itself"
		failure.RequestID = x.header.Get("Request-Id")
		failure.Err = errors.New("unreadable answer") // the library quotes the body
	}
	return failure
}

// cause is the error without the URL, which may hold an email.
func cause(err error) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		return outer.Err
	}
	return err
}

// answered classifies an error that Stripe, or something before it, has answered with.
func answered(told *stripe.Error, x *exchange) *connector.Error {
	switch x.status {
	case http.StatusUnauthorized:
		return operator("Stripe refuses the API key; set STRIPE_API_KEY to a valid one and restart")
	case http.StatusForbidden:
		return operator("the API key lacks a permission; let it read and write customers (and read subscriptions and invoices), or use another one")
	case http.StatusTooManyRequests:
		return throttled(told, x)
	case http.StatusConflict:
		return conflict(told, x)
	}
	switch {
	case x.status >= http.StatusInternalServerError:
		return broken(told, x)
	case told.Type == stripe.ErrorTypeIdempotency:
		return &connector.Error{Class: connector.Transient, Burnt: true, Reason: "Stripe knows this call with other content; looked up and made anew"}
	case x.header.Get("Stripe-Should-Retry") == "true":
		return &connector.Error{Class: connector.Transient, Reason: "Stripe asked to try again"}
	case told.Code == stripe.ErrorCodeResourceMissing && (x.status == http.StatusNotFound || told.Param == "customer"):
		return &connector.Error{Class: connector.Permanent, Reason: "Stripe has no such customer", Err: connector.ErrGone}
	case x.status == http.StatusNotFound:
		return operator(notStripe)
	}
	failure := refused(told)
	if told.Code == stripe.ErrorCodeResourceMissing && (told.Param == stripe.EndingBefore || told.Param == stripe.StartingAfter) {
		failure.Err = ErrNoCursor
	}
	return failure
}

func operator(reason string) *connector.Error {
	return &connector.Error{Class: connector.Operator, Reason: reason}
}

// throttled is a call that was not executed: nothing is stored under its key.
func throttled(told *stripe.Error, x *exchange) *connector.Error {
	failure := &connector.Error{Class: connector.Throttled, After: retryAfter(x.header), Reason: "Stripe's rate limit was reached; tried again by itself"}
	if told.Code == stripe.ErrorCodeLockTimeout {
		failure.Reason = "Stripe is busy with this customer; tried again by itself"
	}
	return failure
}

// conflict is a call that another one was in the way of, usually the same one still being executed.
func conflict(told *stripe.Error, x *exchange) *connector.Error {
	failure := &connector.Error{Class: connector.Transient, Reason: "another call on this customer was under way; tried again by itself"}
	if told.Code == stripe.ErrorCodeIdempotencyKeyInUse {
		failure.Reason = "the same call is still under way at Stripe; tried again by itself"
	}
	failure.Burnt = x.header.Get("Stripe-Should-Retry") == "false"
	return failure
}

// broken is a failure on Stripe's side. A 500 is stored under the key and would come back with every retry. What a
// gateway before Stripe says is not: it has no request id, and the call itself may still be running.
func broken(told *stripe.Error, x *exchange) *connector.Error {
	failure := &connector.Error{Class: connector.Transient, Burnt: true, Reason: "something failed at Stripe; tried again by itself"}
	gateway := told.Type == "" && x.header.Get("Request-Id") == ""
	retry := x.header.Get("Stripe-Should-Retry") == "true" && x.header.Get("Idempotent-Replayed") != "true"
	if gateway || retry {
		failure.Burnt = false
	}
	return failure
}
