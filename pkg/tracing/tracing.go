// Package tracing lets one change be followed from the REST call that made it to the call at the remote, and back. Trace
// contexts travel in W3C form (https://www.w3.org/TR/trace-context/) in the headers of requests and messages, and in
// rows where work waits. Spans go to any collector that speaks OTLP; without one, traces still have ids, which the
// ledger and the logs show.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"golang.org/x/time/rate"
)

const scope = "github.com/datasync-dev/datasync"

// Config is the part of a service's configuration that says where spans go. Its names are OpenTelemetry's own.
type Config struct {
	Endpoint string  `env:"OTEL_EXPORTER_OTLP_ENDPOINT" doc:"an OTLP/HTTP collector for traces, such as http://localhost:4318; none: spans go nowhere"`
	Ratio    float64 `env:"OTEL_TRACES_SAMPLER_ARG" envDefault:"1" doc:"how many of the traces that begin here are recorded, 0 to 1"`
}

// Check returns what is wrong with the configuration.
func (c Config) Check() error {
	var problems []error
	if !(c.Ratio >= 0 && c.Ratio <= 1) {
		problems = append(problems, errors.New("OTEL_TRACES_SAMPLER_ARG: must be a number from 0 to 1"))
	}
	if u, err := url.Parse(c.Endpoint); c.Endpoint != "" && (err != nil || u.Host == "") {
		problems = append(problems, errors.New("OTEL_EXPORTER_OTLP_ENDPOINT: is not a complete URL such as http://localhost:4318"))
	}
	return errors.Join(problems...)
}

// Tracing makes the spans of one program.
type Tracing struct{ provider *sdk.TracerProvider }

// New returns the tracing of a service. It does not wait for the collector; when that is away, log tells so now and then.
func New(ctx context.Context, service string, c Config, log *slog.Logger) (*Tracing, error) {
	named := resource.NewSchemaless(attribute.String("service.name", service))
	if c.Endpoint == "" {
		return &Tracing{sdk.NewTracerProvider(sdk.WithSampler(sdk.NeverSample()), sdk.WithResource(named))}, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimSuffix(c.Endpoint, "/")+"/v1/traces"))
	if err != nil {
		return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT: %w", err)
	}
	return &Tracing{sdk.NewTracerProvider(
		sdk.WithBatcher(&patient{SpanExporter: exporter, log: log, tell: rate.Sometimes{Interval: tellEvery}}), sdk.WithResource(named),
		sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(c.Ratio))),
	)}, nil
}

// tellEvery is how often the log says that spans are lost.
const tellEvery = 10 * time.Minute

// patient is an exporter whose failures go to our log: OpenTelemetry would write each to stderr, in lines of its own form.
type patient struct {
	sdk.SpanExporter

	log  *slog.Logger
	tell rate.Sometimes
}

// ExportSpans implements sdk.SpanExporter.
func (p *patient) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := p.SpanExporter.ExportSpans(ctx, spans); err != nil {
		p.tell.Do(func() {
			p.log.WarnContext(ctx, "the collector does not take traces; look at OTEL_EXPORTER_OTLP_ENDPOINT. Nothing else depends on it",
				slog.Any("error", err))
		})
	}
	return nil
}

// closeTimeout is how long a collector may take for the last spans.
const closeTimeout = 3 * time.Second

// Run waits until ctx ends and then sends the spans that were not sent yet. A collector that does not take them is no
// failure: traces are a help and no promise.
func (t *Tracing) Run(ctx context.Context) error {
	<-ctx.Done()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	_ = t.provider.Shutdown(last)
	return nil
}

type key struct{}

// With returns a context in which Start makes spans of t.
func With(ctx context.Context, t *Tracing) context.Context {
	return context.WithValue(ctx, key{}, t.provider)
}

func provider(ctx context.Context) trace.TracerProvider {
	if p, ok := ctx.Value(key{}).(*sdk.TracerProvider); ok {
		return p
	}
	return noop.NewTracerProvider()
}

// What a span stands for.
const (
	Internal = trace.SpanKindInternal
	Server   = trace.SpanKindServer
	Client   = trace.SpanKindClient
	Consumer = trace.SpanKindConsumer
)

// Span is a piece of work under way. End it.
type Span struct{ span trace.Span }

// Start begins a span under the one in ctx. In a context that knows no tracing it does nothing. Attributes are written
// as for a log, and like there none may hold personal data.
func Start(ctx context.Context, name string, kind trace.SpanKind, attributes ...slog.Attr) (context.Context, Span) {
	ctx, span := provider(ctx).Tracer(scope).Start(ctx, name, trace.WithSpanKind(kind))
	made := Span{span}
	made.Note(attributes...)
	return ctx, made
}

// Note adds attributes that are known only later.
func (s Span) Note(attributes ...slog.Attr) {
	if !s.span.IsRecording() {
		return
	}
	for _, a := range attributes {
		s.span.SetAttributes(converted(a))
	}
}

func converted(a slog.Attr) attribute.KeyValue {
	switch a.Value.Kind() {
	case slog.KindInt64:
		return attribute.Int64(a.Key, a.Value.Int64())
	case slog.KindBool:
		return attribute.Bool(a.Key, a.Value.Bool())
	default:
		return attribute.String(a.Key, a.Value.String())
	}
}

// End ends the span. reason says in a sentence without personal data why the work failed; "" when it did not.
func (s Span) End(reason string) {
	if reason != "" {
		s.span.SetStatus(codes.Error, reason)
	}
	s.span.End()
}

// Header is the name under which a trace context travels.
const Header = "traceparent"

// Parent returns the trace context of ctx as the value of a traceparent header, "" when there is none.
func Parent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier.Get(Header)
}

// Continue returns ctx with the trace context that a traceparent header carried. What is not one is ignored.
func Continue(ctx context.Context, parent string) context.Context {
	if parent == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{Header: parent})
}

// ID returns the id of the trace in ctx, 32 hexadecimal digits, or "".
func ID(ctx context.Context) string {
	if id := trace.SpanContextFromContext(ctx).TraceID(); id.IsValid() {
		return id.String()
	}
	return ""
}

// IDOf returns the id of the trace that a traceparent belongs to, or "".
func IDOf(parent string) string {
	const version, idEnd = len("00-"), len("00-") + 32
	if len(parent) < idEnd {
		return ""
	}
	id, err := trace.TraceIDFromHex(parent[version:idEnd])
	if err != nil || !id.IsValid() {
		return ""
	}
	return id.String()
}

// Handler lets each request continue the trace of its client, or begin one. The span is named after the route that
// http.ServeMux finds; other routers use Name.
func Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, span := Start(Continue(r.Context(), r.Header.Get(Header)), r.Method, Server)
		defer span.End("")
		r = r.WithContext(ctx)
		next.ServeHTTP(w, r)
		if r.Pattern != "" {
			span.span.SetName(r.Pattern)
		}
	})
}

// Name renames the span in ctx, to a route such as "GET /v1/customers/{id}": never to an address, which holds ids.
func Name(ctx context.Context, name string) { trace.SpanFromContext(ctx).SetName(name) }
