package tracing_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/datasync-dev/datasync/pkg/tracing"
)

const (
	traceID = "0af7651916cd43dd8448eb211c80319c"
	parent  = "00-" + traceID + "-b7ad6b7169203331-01"
)

// collect runs work with tracing that sends to a collector, and returns what that got, by name.
func collect(t *testing.T, ratio float64, work func(ctx context.Context)) map[string]*spans.Span {
	t.Helper()
	var mu sync.Mutex
	got := map[string]*spans.Span{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var request collector.ExportTraceServiceRequest
		if body, err := io.ReadAll(r.Body); err != nil || proto.Unmarshal(body, &request) != nil {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for _, resource := range request.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				for _, span := range scope.GetSpans() {
					got[span.GetName()] = span
				}
			}
		}
	}))
	defer server.Close()
	traces, err := tracing.New(t.Context(), "catalog", tracing.Config{Endpoint: server.URL, Ratio: ratio}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(tracing.With(t.Context(), traces))
	work(ctx)
	stop()
	require.NoError(t, traces.Run(ctx))
	return got
}

func TestARequestContinuesTheTraceOfItsClient(t *testing.T) {
	t.Parallel()
	var id string
	mux := http.NewServeMux()
	mux.HandleFunc("GET /things/{id}", func(_ http.ResponseWriter, r *http.Request) {
		id = tracing.ID(r.Context())
		_, span := tracing.Start(r.Context(), "work", tracing.Client, slog.Int("n", 1), slog.Duration("d", time.Second))
		span.End("it did not go well")
	})
	got := collect(t, 0, func(ctx context.Context) { // the client records, so it is recorded here too
		request := httptest.NewRequestWithContext(ctx, http.MethodGet, "/things/secret", http.NoBody)
		request.Header.Set(tracing.Header, parent)
		tracing.Handler(mux).ServeHTTP(httptest.NewRecorder(), request)
	})
	require.Equal(t, traceID, id)
	require.Len(t, got, 2)
	request, work := got["GET /things/{id}"], got["work"]
	require.Equal(t, request.GetTraceId(), work.GetTraceId())
	require.Equal(t, request.GetSpanId(), work.GetParentSpanId())
	require.Equal(t, "it did not go well", work.GetStatus().GetMessage())
	require.Len(t, work.GetAttributes(), 2)
}

func TestATraceTravelsAsAHeader(t *testing.T) {
	t.Parallel()
	got := collect(t, 1, func(ctx context.Context) {
		ctx, first := tracing.Start(ctx, "first", tracing.Server)
		defer first.End("")
		tracing.Name(ctx, "first, renamed")
		elsewhere := tracing.Continue(context.WithoutCancel(ctx), tracing.Parent(ctx))
		_, second := tracing.Start(elsewhere, "second", tracing.Consumer)
		second.End("")
	})
	require.Equal(t, got["first, renamed"].GetSpanId(), got["second"].GetParentSpanId())
}

func TestWithoutACollectorTracesHaveIDs(t *testing.T) {
	t.Parallel()
	traces, err := tracing.New(t.Context(), "catalog", tracing.Config{}, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	ctx, span := tracing.Start(tracing.With(t.Context(), traces), "work", tracing.Internal)
	defer span.End("")
	require.Len(t, tracing.ID(ctx), 32)
	require.Contains(t, tracing.Parent(ctx), tracing.ID(ctx))
}

func TestWithoutTracingThereIsNone(t *testing.T) {
	t.Parallel()
	ctx, span := tracing.Start(t.Context(), "work", tracing.Internal)
	span.End("")
	require.Empty(t, tracing.ID(ctx))
	require.Empty(t, tracing.Parent(ctx))
	require.Empty(t, tracing.ID(tracing.Continue(ctx, "nonsense")))
}

func TestBadConfigurationNamesItsVariable(t *testing.T) {
	t.Parallel()
	require.NoError(t, tracing.Config{Endpoint: "http://localhost:4318", Ratio: 0.1}.Check())
	require.ErrorContains(t, tracing.Config{Ratio: 2}.Check(), "OTEL_TRACES_SAMPLER_ARG")
	require.ErrorContains(t, tracing.Config{Endpoint: "localhost"}.Check(), "OTEL_EXPORTER_OTLP_ENDPOINT")
}

func TestACollectorThatIsAwayIsToldInTheLogOnce(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	var log bytes.Buffer
	traces, err := tracing.New(t.Context(), "catalog", tracing.Config{Endpoint: server.URL, Ratio: 1}, slog.New(slog.NewJSONHandler(&log, nil)))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(tracing.With(t.Context(), traces))
	for range 3 * 512 { // spans travel 512 at a time
		_, span := tracing.Start(ctx, "work", tracing.Internal)
		span.End("")
	}
	stop()
	require.NoError(t, traces.Run(ctx))
	require.Equal(t, 1, strings.Count(log.String(), "the collector does not take traces"), log.String())
}

func TestIDOfTakesOnlyTraceparents(t *testing.T) {
	t.Parallel()
	for parent, want := range map[string]string{
		"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01": "4bf92f3577b34da6a3ce929d0e0e4736",
		"00-00000000000000000000000000000000-00f067aa0ba902b7-01": "",
		"00-4bf92f3577b34da6a3ce929d0e0e47":                       "",
		"00-not-a-trace-at-all-but-as-long-as-one-01":             "",
		"": "",
	} {
		require.Equal(t, want, tracing.IDOf(parent), parent)
	}
}
