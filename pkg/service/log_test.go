package service_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/datasync-dev/datasync/pkg/service"
)

func TestLoggerFormats(t *testing.T) {
	t.Parallel()
	var text, machine bytes.Buffer
	service.NewLogger(&text, "catalog", "info", "text").Info("hello", slog.Int("n", 1))
	require.Contains(t, text.String(), "level=INFO msg=hello service=catalog n=1")
	service.NewLogger(&machine, "catalog", "info", "json").Info("hello")
	var line map[string]any
	require.NoError(t, json.Unmarshal(machine.Bytes(), &line))
	require.Equal(t, "catalog", line["service"])
}

func TestLoggerLevels(t *testing.T) {
	t.Parallel()
	for level, wanted := range map[string]bool{"debug": true, "info": true, "INFO": true, "warn": false, "error": false, "": true, "loud": true} {
		var out bytes.Buffer
		service.NewLogger(&out, "x", level, "text").Info("hello")
		require.Equal(t, wanted, bytes.Contains(out.Bytes(), []byte("msg=hello")), level)
	}
}

func TestLoggerSaysWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	service.NewLogger(&out, "x", "loud", "yaml")
	require.Contains(t, out.String(), "LOG_LEVEL")
	require.Contains(t, out.String(), "LOG_FORMAT")
}

func TestLinesCarryTheIDOfTheirTrace(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	id := trace.TraceID{1, 2, 3}
	ctx := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: trace.SpanID{4}}))
	log := service.NewLogger(&out, "x", "info", "text")
	log.With(slog.Int("n", 1)).WithGroup("g").InfoContext(ctx, "traced")
	require.Contains(t, out.String(), "trace_id="+id.String())
	out.Reset()
	log.InfoContext(t.Context(), "not traced")
	require.NotContains(t, out.String(), "trace_id")
}
