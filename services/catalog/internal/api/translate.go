package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/throttle"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
	"github.com/datasync-dev/datasync/services/catalog/internal/idempotency"
	"github.com/datasync-dev/datasync/services/catalog/internal/imports"
)

// retryAfter is what clients are told to wait when the database is away, in seconds: it takes about that long to fail
// over or to restart.
const retryAfter = "2"

// problemOf turns every error of the layers below into the answer, and logs those that are the catalog's own fault:
// the one place that does either.
func problemOf(ctx context.Context, log *slog.Logger, err error) *Problem {
	p := translate(err)
	if p == nil {
		p = newProblem(CodeInternal, "")
		if postgres.Unavailable(err) || postgres.CutOff(err) {
			p = newProblem(CodeUnavailable, "").with("Retry-After", retryAfter)
		}
		if !errors.Is(ctx.Err(), context.Canceled) { // else the client has gone
			log.ErrorContext(ctx, "request failed", slog.String("request_id", requestID(ctx)),
				slog.String("code", string(p.Code)), slog.Any("error", err))
		}
	}
	p.RequestID = requestID(ctx)
	return p
}

// translate returns the answer to an error that is the client's to correct, else nil.
func translate(err error) *Problem {
	var (
		problem   *Problem
		malformed *customers.Malformed
		invalid   *customers.Invalid
		mismatch  *customers.VersionMismatch
	)
	switch {
	case errors.As(err, &problem):
		return problem
	case errors.As(err, &malformed):
		return newProblem(CodeMalformedJSON, fmt.Sprintf("Line %d, column %d: %s.", malformed.Line, malformed.Column, malformed.Detail))
	case errors.As(err, &invalid):
		return newProblem(CodeValidationFailed, "", itemsOf(invalid.Violations)...)
	case errors.As(err, &mismatch):
		return newProblem(CodeVersionMismatch, fmt.Sprintf(
			"The customer is at version %d. Read it again, apply the change to what it is now, and send its new ETag.", mismatch.Current))
	case errors.Is(err, customers.ErrNotFound):
		return newProblem(CodeCustomerNotFound, "")
	case errors.Is(err, customers.ErrDeleted):
		return newProblem(CodeCustomerDeleted, "")
	case errors.Is(err, customers.ErrErased):
		return newProblem(CodeCustomerErased, "")
	case errors.Is(err, customers.ErrCursor):
		return newProblem(CodeInvalidCursor, "")
	case errors.Is(err, imports.ErrNotFound):
		return newProblem(CodeImportNotFound, "")
	case errors.Is(err, idempotency.ErrRunning):
		return newProblem(CodeRequestInProgress, "").with("Retry-After", "1")
	case errors.Is(err, idempotency.ErrReused):
		return newProblem(CodeIdempotencyKeyReused, "")
	}
	return translateAuth(err)
}

func translateAuth(err error) *Problem {
	var tooMany *auth.TooMany
	switch {
	case errors.As(err, &tooMany):
		code := CodeTooManyRequests
		if tooMany.Login {
			code = CodeTooManyLogins
		}
		return newProblem(code, "").with("Retry-After", throttle.RetryAfter(tooMany.Wait))
	case errors.Is(err, auth.ErrMissing):
		return newProblem(CodeMissingAPIKey, "").with("WWW-Authenticate", `Bearer realm="datasync"`)
	case errors.Is(err, auth.ErrUnknown):
		return newProblem(CodeInvalidAPIKey, "").with("WWW-Authenticate", `Bearer realm="datasync", error="invalid_token"`)
	case errors.Is(err, auth.ErrExpired):
		return newProblem(CodeExpiredAPIKey, "").with("WWW-Authenticate", `Bearer realm="datasync", error="invalid_token"`)
	}
	return nil
}

func itemsOf(violations []customers.Violation) []ProblemItem {
	items := make([]ProblemItem, len(violations))
	for i, v := range violations {
		items[i] = ProblemItem{Pointer: &v.Pointer, Reason: string(v.Reason), Detail: v.Detail}
	}
	return items
}
