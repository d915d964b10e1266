package api

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"gorm.io/gorm"

	"github.com/datasync-dev/datasync/pkg/auth"
	"github.com/datasync-dev/datasync/services/catalog/internal/customers"
	"github.com/datasync-dev/datasync/services/catalog/internal/operators"
	"github.com/datasync-dev/datasync/services/catalog/internal/syncstate"
)

// Options are what the API works with. All are needed.
type Options struct {
	DB        *gorm.DB
	Gate      *auth.Gate
	Remotes   []string // shown on every customer; the first is what filters mean when they name none
	Waiters   *syncstate.Waiters
	Committed func() // called after every write; must not block
	Log       *slog.Logger
	Metrics   prometheus.Registerer
	Livez     http.Handler
	Readyz    http.Handler
	MetricsUI http.Handler // what /metrics answers
	Operators operators.Options
}

// Server holds the operations.
type Server struct {
	db        *gorm.DB
	creates   *customers.Creates
	remotes   []string
	waiters   *syncstate.Waiters
	committed func()
	jobAdded  func()
	log       *slog.Logger
}

// New returns the handler of everything the catalog serves over HTTP.
func New(o Options) http.Handler {
	quietGin()
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false // see withoutTrailingSlash
	engine.Use(withRequestID, observe(o.Log, o.Metrics), recovered(o.Log))
	engine.NoRoute(func(c *gin.Context) { abort(c, newProblem(CodeRouteNotFound, "")) })
	engine.NoMethod(func(c *gin.Context) { abort(c, newProblem(CodeMethodNotAllowed, "")) })

	engine.GET("/livez", gin.WrapH(o.Livez))
	engine.GET("/readyz", gin.WrapH(o.Readyz))
	engine.GET("/metrics", gin.WrapH(o.MetricsUI))

	s := &Server{
		db: o.DB, creates: customers.NewCreates(o.DB), remotes: o.Remotes, waiters: o.Waiters, committed: o.Committed, jobAdded: o.Operators.JobAdded, log: o.Log,
	}
	guarded := engine.Group("/", auth.Middleware(o.Gate, func(c *gin.Context, err error) {
		abort(c, problemOf(c.Request.Context(), o.Log, err))
	}), readBody)
	operations := newAPI(engine, guarded)
	operations.UseMiddleware(requireScopes)
	s.register(operations)
	o.Operators.RequestID = requestID
	operators.Register(operations, o.Operators)
	serveDocs(engine, operations.OpenAPI())
	return withoutTrailingSlash(engine)
}

// quietGin stops gin from printing its routes. Gin only knows a program-wide setting for that.
var quietGin = sync.OnceFunc(func() { gin.SetMode(gin.ReleaseMode) })

// newAPI makes the huma API on a group of the engine's routes.
func newAPI(engine *gin.Engine, group *gin.RouterGroup) huma.API {
	installProblems()
	format := huma.DefaultJSONFormat
	return humagin.NewWithGroup(engine, group, huma.Config{
		OpenAPI: description(),
		Formats: map[string]huma.Format{"application/json": format, "json": format},
		// A misspelt filter that is ignored would return everything.
		RejectUnknownQueryParameters: true,
	})
}

// Description returns the OpenAPI description of the API as JSON, without a database.
func Description() ([]byte, error) {
	quietGin()
	engine := gin.New()
	operations := newAPI(engine, engine.Group("/"))
	(&Server{}).register(operations)
	operators.Register(operations, operators.Options{})
	return encodeDescription(operations.OpenAPI())
}

// withoutTrailingSlash accepts addresses with a slash at the end as if it was not there: a redirect would lose the
// body of a POST with many clients.
func withoutTrailingSlash(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path := strings.TrimRight(r.URL.Path, "/"); path != "" && path != r.URL.Path {
			url := *r.URL
			url.Path, url.RawPath = path, ""
			r = r.Clone(r.Context())
			r.URL = &url
		}
		next.ServeHTTP(w, r)
	})
}
