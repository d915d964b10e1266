package adminapi

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"

	"github.com/datasync-dev/datasync/pkg/auth"
)

const (
	requestIDHeader = "X-Request-Id"
	maxRequestID    = 128
	maxBody         = 1 << 20
)

// NewHandler returns the handler of everything below /admin/v1/ for a service that has no huma API of its own: gate lets
// the requests in, more register what only this service has. Options.RequestID is filled in. The description is at
// /admin/v1/openapi.json.
func NewHandler(o Options, gate *auth.Gate, more ...func(*API)) http.Handler {
	installProblems()
	o.RequestID = requestID
	mux := http.NewServeMux()
	format := huma.DefaultJSONFormat
	api := humago.New(mux, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "DataSync " + o.Service + ", operators' API", Version: "1"},
			Components: &huma.Components{
				Schemas: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{
					security: {Type: "http", Scheme: "bearer", Description: "An API key: `Authorization: Bearer ds_...`"},
				},
			},
		},
		OpenAPIPath:                  "/admin/v1/openapi",
		Formats:                      map[string]huma.Format{"application/json": format, "json": format},
		RejectUnknownQueryParameters: true,
	})
	registered := Register(api, o)
	for _, register := range more {
		register(registered)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		p := Refuse(http.StatusNotFound, "route_not_found", "There is nothing at this address; look it up in /admin/v1/openapi.json.")
		p.RequestID = requestID(r.Context())
		p.write(w)
	})
	return withRequestID(recovered(o.Log, admitted(registered, gate, mux)))
}

// admitted lets requests with a valid key through, and limits their bodies.
func admitted(a *API, gate *auth.Gate, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		principal, quota, err := gate.Enter(r.Context(), auth.Caller{
			Authorization: r.Header.Get("Authorization"), RemoteAddr: r.RemoteAddr, ForwardedFor: r.Header.Values("X-Forwarded-For"),
		})
		quota.Headers(w.Header().Set)
		if err != nil {
			answer(a.problemOf(r.Context(), err), w)
			return
		}
		r = r.WithContext(auth.WithPrincipal(r.Context(), principal))
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

func answer(err error, w http.ResponseWriter) {
	if p := translate(err); p != nil {
		p.write(w)
	}
}

type requestIDKey struct{}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// withRequestID gives every request an id: the client's own, when it sent a sensible one.
func withRequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.Header.Get(requestIDHeader)
		if !sensible(id) {
			id = uuid.Must(uuid.NewV7()).String()
		}
		w.Header().Set(requestIDHeader, id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id)))
	})
}

// sensible refuses what would be a nuisance in logs.
func sensible(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for _, r := range id {
		if r <= ' ' || r > '~' {
			return false
		}
	}
	return true
}

// recovered answers 500 when an operation panics, and logs where.
func recovered(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		defer func() {
			if cause := recover(); cause != nil {
				log.ErrorContext(ctx, "operator's request panicked", slog.String("request_id", requestID(ctx)),
					slog.Any("panic", cause), slog.String("stack", string(debug.Stack())))
				p := Refuse(http.StatusInternalServerError, "internal_error", "Something went wrong; report the request_id.")
				p.RequestID = requestID(ctx)
				p.write(w)
			}
		}()
		next.ServeHTTP(w, r)
	})
}
