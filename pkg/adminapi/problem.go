package adminapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/datasync-dev/datasync/pkg/admin"
	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/pkg/deadletter"
	"github.com/datasync-dev/datasync/pkg/jobs"
	"github.com/datasync-dev/datasync/pkg/ledger"
	"github.com/datasync-dev/datasync/pkg/postgres"
	"github.com/datasync-dev/datasync/pkg/throttle"
)

const problemContentType = "application/problem+json"

// Problem is an error as it is answered. Operations may return one; every other error is translated or, when it is the
// service's own fault, logged and answered with 500 or 503.
type Problem struct {
	admin.Problem
	headers http.Header
}

// Refuse returns a problem. code is its stable name for programs; detail says what is wrong and what to do, in a
// sentence.
func Refuse(status int, code, detail string, errs ...admin.ProblemDetail) *Problem {
	for i := range errs {
		errs[i].Reason = cmp.Or(errs[i].Reason, "invalid_value")
	}
	return &Problem{
		Problem: admin.Problem{
			Type: "urn:datasync:problem:" + code, Title: http.StatusText(status), Status: status, Detail: detail, Code: code, Errors: errs,
		},
		headers: http.Header{},
	}
}

func (p *Problem) with(name, value string) *Problem {
	p.headers.Set(name, value)
	return p
}

// Error implements error.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus tells huma the status.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders tells huma the headers.
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType tells huma the content type.
func (p *Problem) ContentType(string) string { return problemContentType }

// problemOf turns an error of an operation into the answer, and logs what is the service's own fault.
func (a *API) problemOf(ctx context.Context, err error) error {
	var given huma.StatusError
	if errors.As(err, &given) && !errors.As(err, new(*Problem)) {
		return err // a service's own kind of problem
	}
	p := translate(err)
	if p == nil {
		p = Refuse(http.StatusInternalServerError, "internal_error",
			"Something went wrong; send the request again, and report the request_id if it fails again.")
		if postgres.Unavailable(err) || postgres.CutOff(err) {
			p = unavailable()
		}
		if !errors.Is(ctx.Err(), context.Canceled) { // else the client has gone
			a.Log.ErrorContext(ctx, "operator's request failed", slog.String("request_id", a.RequestID(ctx)),
				slog.String("code", p.Code), slog.Any("error", err))
		}
	}
	p.RequestID = a.RequestID(ctx)
	return p
}

func unavailable() *Problem {
	const seconds = "2" // about what a database takes to fail over or to restart
	return Refuse(http.StatusServiceUnavailable, "service_unavailable",
		"The database does not answer. Send the request again after the time in Retry-After.").with("Retry-After", seconds)
}

// translate returns the answer to an error that is the caller's to correct, else nil.
func translate(err error) *Problem {
	if problem, ok := errors.AsType[*Problem](err); ok {
		return problem
	}
	for _, known := range []struct {
		err          error
		status       int
		code, detail string
	}{
		{ledger.ErrNotFound, http.StatusNotFound, "change_not_found", "There is no such change, or it is older than the ledger keeps."},
		{jobs.ErrNotFound, http.StatusNotFound, "job_not_found", "There is no such job, or it was finished long ago."},
		{jobs.ErrBusy, http.StatusConflict, "job_busy", "A job of this kind is not finished yet; wait for it or cancel it."},
		{deadletter.ErrNotFound, http.StatusNotFound, "dead_letter_not_found", "There is no such dead letter."},
		{deadletter.ErrSettled, http.StatusConflict, "dead_letter_settled", "The dead letter was replayed or discarded before."},
		{auth.ErrNoKey, http.StatusNotFound, "key_not_found", "There is no such API key."},
		{auth.ErrRevoked, http.StatusConflict, "key_revoked", "The API key was revoked; make a new one."},
		{auth.ErrLastAdmin, http.StatusConflict, "last_admin_key", "This is the only working API key with the scope admin; make another one first."},
	} {
		if errors.Is(err, known.err) {
			return Refuse(known.status, known.code, known.detail)
		}
	}
	switch {
	case errors.Is(err, ledger.ErrCursor), errors.Is(err, deadletter.ErrCursor):
		return Refuse(http.StatusBadRequest, "invalid_cursor", "Send next_cursor of the previous page unchanged, or no cursor to begin again.",
			admin.ProblemDetail{Parameter: "cursor", Detail: "Is not a cursor of this list."})
	case errors.Is(err, auth.ErrBadRequest):
		return Refuse(http.StatusUnprocessableEntity, "validation_failed", sentence(err.Error()))
	}
	return translateAuth(err)
}

func translateAuth(err error) *Problem {
	var tooMany *auth.TooMany
	switch {
	case errors.As(err, &tooMany):
		code := "too_many_requests"
		if tooMany.Login {
			code = "too_many_logins"
		}
		return Refuse(http.StatusTooManyRequests, code, sentence(tooMany.Error())).with("Retry-After", throttle.RetryAfter(tooMany.Wait))
	case errors.Is(err, auth.ErrMissing):
		return Refuse(http.StatusUnauthorized, "missing_api_key", "Send the header Authorization: Bearer ds_...").
			with("WWW-Authenticate", `Bearer realm="datasync"`)
	case errors.Is(err, auth.ErrUnknown):
		return Refuse(http.StatusUnauthorized, "invalid_api_key", "The API key is not known; check it for typing mistakes.").
			with("WWW-Authenticate", `Bearer realm="datasync", error="invalid_token"`)
	case errors.Is(err, auth.ErrExpired):
		return Refuse(http.StatusUnauthorized, "expired_api_key", "The API key has expired or was revoked; ask for a new one.").
			with("WWW-Authenticate", `Bearer realm="datasync", error="invalid_token"`)
	}
	return nil
}

// write answers a request that does not reach an operation.
func (p *Problem) write(w http.ResponseWriter) {
	body, err := json.Marshal(p)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	for name := range p.headers {
		w.Header().Set(name, p.headers.Get(name))
	}
	w.Header().Set("Content-Type", problemContentType)
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // the client has gone if this fails
}
