package service

import (
	"context"
	"io"
	"log/slog"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

// NewLogger writes to w, from level (debug, info, warn or error) on, as format says: text for people, json for machines.
// Every line carries the service's name. An unknown level or format falls back to info and text, and says so.
func NewLogger(w io.Writer, name, level, format string) *slog.Logger {
	var minimum slog.Level
	badLevel := minimum.UnmarshalText([]byte(strings.TrimSpace(level))) != nil
	options := &slog.HandlerOptions{Level: minimum}
	badFormat := false
	var handler slog.Handler
	switch strings.ToLower(strings.TrimSpace(format)) {
	case "json":
		handler = slog.NewJSONHandler(w, options)
	default:
		badFormat = format != "" && format != "text"
		handler = slog.NewTextHandler(w, options)
	}
	log := slog.New(traced{handler}).With(slog.String("service", name))
	if badLevel {
		log.Warn("LOG_LEVEL is not debug, info, warn or error: using info", slog.String("log_level", level))
	}
	if badFormat {
		log.Warn("LOG_FORMAT is not text or json: using text", slog.String("log_format", format))
	}
	return log
}

// traced adds to each line the id of the trace in whose context it was written.
type traced struct{ slog.Handler }

// Handle implements slog.Handler.
func (h traced) Handle(ctx context.Context, r slog.Record) error {
	if id := trace.SpanContextFromContext(ctx).TraceID(); id.IsValid() {
		r.AddAttrs(slog.String("trace_id", id.String()))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h traced) WithAttrs(attrs []slog.Attr) slog.Handler { return traced{h.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (h traced) WithGroup(name string) slog.Handler { return traced{h.Handler.WithGroup(name)} }
