package connector

import (
	"context"
	"errors"
	"log/slog"

	"github.com/datasync-dev/datasync/pkg/tracing"
)

// cause is the traceparent of what the link has to be worked on for: the write in the catalog that is on its way, else
// the notice that raised check. "" when it is neither, as in a sweep.
func (l *link) cause() string {
	switch {
	case l.behind() && l.Origin != nil:
		return l.Origin.Trace
	case l.Checks > l.Checked:
		return l.EventTrace
	}
	return ""
}

// begun returns ctx in the trace that the turn belongs to; what it calls and what it sends continue that.
func (j *job) begun(ctx context.Context) (context.Context, func(error)) {
	l := j.link
	ctx, span := tracing.Start(tracing.Continue(ctx, l.cause()), "sync "+l.Kind, tracing.Consumer,
		slog.String("remote", j.o.Name), slog.String("record_id", l.LocalID), slog.Int64("version", l.DesiredVersion))
	j.trace = tracing.ID(ctx)
	return ctx, func(err error) {
		if err != nil {
			span.End("not written back")
			return
		}
		span.End("")
	}
}

// reason is what a span says of a call; that an object is gone is an answer.
func reason(err error) string {
	if err == nil || errors.Is(err, ErrGone) {
		return ""
	}
	return classify(err).Reason
}
