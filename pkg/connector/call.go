package connector

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/datasync-dev/datasync/pkg/tracing"
)

// opGet is the operation that looks at an object.
const opGet = "get"

func (j *job) call(ctx context.Context, in *intent) (reply Object, err error) {
	l := j.link
	err = j.calling(ctx, string(in.Op), func(ctx context.Context) (err error) {
		switch in.Op {
		case opCreate:
			reply, err = j.o.Remote.Create(ctx, in.call(l.LocalID), in.Fields)
			if err == nil && reply.ID == "" {
				err = &Error{Class: Transient, Reason: "the remote answered without an id"}
			}
		case opUpdate:
			reply, err = j.o.Remote.Update(ctx, in.call(l.LocalID), l.RemoteID, in.Patch)
		case opDelete:
			err = j.o.Remote.Delete(ctx, in.call(l.LocalID), l.RemoteID)
		}
		return err
	})
	return reply, err
}

// calling makes one call to the remote when a worker is free for it, under the call timeout and a lease that outlives it.
func (j *job) calling(ctx context.Context, op string, call func(context.Context) error) error {
	if err := j.commitOpening(ctx); err != nil {
		return &notCommitted{err}
	}
	ctx, giveUp := context.WithCancel(ctx)
	defer giveUp()
	if !j.flight.board(ctx, op, giveUp) {
		return errNotCalled
	}
	defer j.flight.leave()
	if j.breaker.keepsBack(j.link.LocalID) {
		return errNotCalled
	}
	j.metrics.busy.Inc()
	defer j.metrics.busy.Dec()
	if err := j.keepLease(ctx); err != nil {
		return err
	}
	if j.link.Bulk {
		ctx = WithBulk(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, j.o.CallTimeout)
	defer cancel()
	var a answer
	ctx, span := tracing.Start(ctx, j.o.Name+" "+op, tracing.Client, slog.String("record_id", j.link.LocalID))
	started := time.Now()
	err := call(context.WithValue(ctx, answerKey{}, &a))
	span.Note(slog.Int("http.response.status_code", a.status), //nolint:sloglint // the name that OpenTelemetry gives it
		slog.String("request_id", a.requestID))
	span.End(reason(err))
	j.o.Log.DebugContext(ctx, "called", slog.String("op", op), slog.String("local_id", j.link.LocalID), slog.Int("status", a.status),
		slog.String("request_id", a.requestID), slog.Duration("took", time.Since(started)))
	if err != nil && j.flights.givenUp() {
		return errNotCalled
	}
	j.metrics.called(op, err, time.Since(started))
	j.tried(op, started, a, err)
	j.judge(ctx, err)
	return err
}

// judge tells the breaker what a call says about the remote.
func (j *job) judge(ctx context.Context, err error) {
	failure := &Error{Class: Permanent}
	if err != nil && !errors.Is(err, ErrGone) {
		failure = classify(err)
	}
	switch failure.Class {
	case Permanent: // it answered
		if j.breaker.answered(j.link.LocalID) {
			j.o.Log.InfoContext(ctx, "the remote works again")
			j.resume(ctx)
		}
	case Transient, Operator:
		if j.breaker.failed(j.link.LocalID, failure, time.Now()) {
			j.o.Log.ErrorContext(ctx, "no more calls for now",
				slog.String("class", string(failure.Class)), slog.String("reason", failure.Reason))
		}
	case Throttled: // the limiter's business
		if failure.Status != 0 {
			j.throttled.Add(1)
		}
	}
}
