package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/datasync-dev/datasync/pkg/tracing"
)

// refuse answers a request inside huma.
func refuse(ctx huma.Context, p *Problem) {
	p.RequestID = requestID(ctx.Context())
	body, err := json.Marshal(p)
	if err != nil {
		ctx.SetStatus(http.StatusInternalServerError)
		return
	}
	ctx.SetHeader("Content-Type", problemContentType)
	ctx.SetStatus(p.Status)
	_, _ = ctx.BodyWriter().Write(body) // the client has gone if this fails
}

// recovered answers 500 when a handler panics, and logs where.
func recovered(log *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		defer func() {
			if cause := recover(); cause != nil {
				if cause == http.ErrAbortHandler { //nolint:errorlint // a panic's value, compared as the server does
					panic(cause) // an answer that has begun and cannot be finished: the connection is cut
				}
				ctx := c.Request.Context()
				log.ErrorContext(ctx, "handler panicked", slog.String("request_id", requestID(ctx)),
					slog.Any("panic", cause), slog.String("stack", string(debug.Stack())))
				abort(c, newProblem(CodeInternal, ""))
			}
		}()
		c.Next()
	}
}

// readBody takes in the body of a request whole, within the limit, unless its operation streams it. The server sees to it
// that it comes in time.
func readBody(c *gin.Context) {
	if c.Request.Body == nil || c.Request.Body == http.NoBody || c.FullPath() == importsPath {
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		abort(c, newProblem(CodeBodyTooLarge, ""))
	case errors.Is(err, os.ErrDeadlineExceeded):
		abort(c, newProblem(CodeRequestTimeout, ""))
	case err != nil:
		abort(c, newProblem(CodeMalformedJSON, "The body ended too early."))
	default:
		c.Request.Body = io.NopCloser(bytes.NewReader(body))
	}
}

// observe measures and logs requests. Routes, not addresses: those hold ids.
func observe(log *slog.Logger, registry prometheus.Registerer) gin.HandlerFunc {
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "datasync_http_request_duration_seconds",
		Help:    "How long HTTP requests took, waiting for remotes included.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	}, []string{"method", "route", "status"})
	registry.MustRegister(durations)
	return func(c *gin.Context) {
		start := time.Now()
		c.Next()
		took := time.Since(start)
		route := c.FullPath()
		tracing.Name(c.Request.Context(), c.Request.Method+" "+route)
		if route == "" {
			route = "none"
		}
		durations.WithLabelValues(c.Request.Method, route, strconv.Itoa(c.Writer.Status())).Observe(took.Seconds())
		ctx := c.Request.Context()
		log.Log(ctx, levelOf(c.Writer.Status()), "request", slog.String("request_id", requestID(ctx)), slog.String("method", c.Request.Method),
			slog.String("route", route), slog.Int("status", c.Writer.Status()), slog.Duration("took", took))
	}
}

// levelOf is how much a request is worth in the log: a client that is refused will ask why.
func levelOf(status int) slog.Level {
	if status >= http.StatusBadRequest {
		return slog.LevelInfo
	}
	return slog.LevelDebug
}
