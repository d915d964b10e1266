package connector

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/datasync-dev/datasync/pkg/event"
)

// rest ends a turn: it writes the link back with the time at which it has to be looked at again, and tells the
// catalog how far the record has got. failure is nil when everything was done.
func (j *job) rest(ctx context.Context, failure error) error {
	l := j.link
	next := schedule{}
	switch {
	case errors.Is(failure, errNotCalled): // nothing was found out: whoever comes next goes on
		next.after(0)
	case failure == nil:
		j.succeeded()
		if l.Doubt != nil {
			next.after(j.o.VerifyAfter)
		}
	default:
		next = j.failed(ctx, classify(failure))
	}
	if now := l.report(); now != j.was && (l.Desired != nil || l.Gone) {
		j.out = append(j.out, event.NewState(j.stateOf(l)))
	}
	if err := j.release(ctx, next); err != nil {
		return err
	}
	if failure != nil && j.breaker.outages() != j.outages {
		j.resume(ctx) // the outage ended between this failure and its write-back
	}
	return nil
}

func (j *job) succeeded() {
	l := j.link
	if j.waits&holdOutbound != 0 { // nothing was tried
		if l.State == event.StateSynced {
			l.State = event.StatePending
		}
		return
	}
	l.Attempts, l.Error = 0, nil
	switch {
	case l.Gone && l.State != event.StateDetached:
		l.State = event.StateDeleted
	case l.Gone:
	case l.Desired == nil || l.behind():
		l.State = event.StatePending
	default:
		l.State = event.StateSynced
	}
	j.metrics.reconciled.WithLabelValues(string(l.State)).Inc()
}

// failed decides when the link is taken up again.
func (j *job) failed(ctx context.Context, failure *Error) (next schedule) {
	l := j.link
	l.State = event.StateRetrying
	if !j.breaker.isOpen() || l.Attempts == 0 { // an outage says nothing about the record
		l.Attempts++
	}
	switch failure.Class {
	case Permanent: // parked: no due time, so only an input brings it back
		l.State = event.StateFailed
	case Operator:
		next.backOff(j.o.Probe)
	case Throttled:
		next.backOff(max(failure.After, j.o.Backoff(1)))
	case Transient:
		next.backOff(j.o.Backoff(l.Attempts))
	}
	l.Error = &event.SyncError{
		Class: string(failure.Class), Field: failure.Field, Reason: failure.Reason, Attempt: l.Attempts,
		Version: j.seenVersion,
	}
	j.metrics.reconciled.WithLabelValues(string(l.State)).Inc()
	if failure.Class == Operator { // logged once, when the breaker opened
		return next
	}
	j.o.Log.WarnContext(ctx, "sync failed",
		slog.String("local_id", l.LocalID), slog.String("remote_id", l.RemoteID), slog.Int("attempt", l.Attempts),
		slog.String("class", string(failure.Class)), slog.String("field", failure.Field),
		slog.String("reason", failure.Reason), slog.Int("status", failure.Status),
		slog.String("request_id", failure.RequestID), slog.Bool("timeout", errors.Is(failure.Err, context.DeadlineExceeded)))
	return next
}

// report is what the catalog is told about a link, without what changes each time.
type report struct {
	state      event.SyncState
	remoteID   string
	version    int64
	generation int64
	failure    string
	wanted     int64 // of a failure
}

func (l *link) report() report {
	r := report{state: l.State, remoteID: l.RemoteID, version: l.Version, generation: l.Generation}
	if l.Error != nil {
		r.failure, r.wanted = l.Error.Reason, l.Error.Version
	}
	return r
}

func (e *Engine) stateOf(l *link) event.State {
	return event.State{
		Remote: e.o.Name, Kind: l.Kind, ID: l.LocalID, RemoteID: l.RemoteID, Generation: l.Generation,
		Version: l.Version, State: l.State, Revision: l.LeaseToken, Error: l.Error, At: time.Now().UTC(),
	}
}

// schedule says when a link is due again. The zero value means at rest.
type schedule struct {
	delay *time.Duration
	// strict: an input that arrived meanwhile does not bring the link forward, so that a failing remote is not asked
	// again and again about a busy record.
	strict bool
	held   bool // the worker keeps its lease
}

func (s *schedule) after(d time.Duration)   { s.delay = &d }
func (s *schedule) backOff(d time.Duration) { s.delay, s.strict = &d, true }

// Backoff is the default delay before retry number attempt (from 1): half a second, doubling up to five minutes, give
// or take a fifth so that records which failed together do not come back together.
func Backoff(attempt int) time.Duration {
	const first, limit = 500 * time.Millisecond, 5 * time.Minute
	delay := limit
	if attempt < 11 {
		delay = min(limit, first<<max(attempt-1, 0))
	}
	return time.Duration(float64(delay) * (0.8 + 0.4*rand.Float64())) //nolint:gosec // spreads retries, hides no secret
}
