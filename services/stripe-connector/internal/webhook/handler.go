// Package webhook takes in what Stripe announces: it checks who says it, stores it, and answers before any work is done.
package webhook

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stripe/stripe-go/v76"
	"golang.org/x/time/rate"

	"github.com/datasync-dev/datasync/pkg/connector"
	"github.com/datasync-dev/datasync/services/stripe-connector/internal/events"
)

const maxBody = 1 << 20

// Intake stores a notice. Nil means stored, or stored before.
type Intake interface {
	Notify(ctx context.Context, n connector.Notice) error
}

// Options of a handler. Intake, Reader and Secrets are required.
type Options struct {
	Intake  Intake
	Reader  events.Reader
	Secrets Secrets
	Log     *slog.Logger
	Metrics prometheus.Registerer
}

// Handler serves Stripe's deliveries. A 2xx means that the event is stored; any other answer makes Stripe send it again.
type Handler struct {
	o         Options
	answers   *prometheus.CounterVec
	version   sync.Once
	complains rate.Sometimes // so that strangers cannot fill the log
}

// NewHandler returns a handler for POST requests.
func NewHandler(o Options) *Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	h := &Handler{o: o, complains: rate.Sometimes{First: 3, Interval: time.Minute}, answers: prometheus.NewCounterVec(
		prometheus.CounterOpts{Name: "datasync_webhook_answers_total", Help: "Answers to webhook deliveries: stored, or why not."},
		[]string{"answer"})}
	o.Metrics.MustRegister(h.answers)
	return h
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if p := h.accept(w, r); p != nil {
		h.answers.WithLabelValues(p.Code).Inc()
		h.complains.Do(func() {
			h.o.Log.WarnContext(ctx, "webhook refused", slog.String("code", p.Code), slog.String("detail", p.Detail))
		})
		p.write(w)
		return
	}
	h.answers.WithLabelValues("stored").Inc()
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"received":true}`) // Stripe hung up: it will send the event again, which does no harm
}

// accept stores what the request says, or returns why it does not.
func (h *Handler) accept(w http.ResponseWriter, r *http.Request) *problem {
	ctx := r.Context()
	body, p := read(w, r)
	if p != nil {
		return p
	}
	if p := h.verify(ctx, body, r.Header.Get("Stripe-Signature")); p != nil {
		return p
	}
	e, ok := events.Parse(body)
	if !ok {
		return notAnEvent
	}
	if e.APIVersion != stripe.APIVersion {
		h.version.Do(func() {
			h.o.Log.WarnContext(ctx, "events come in another API version than this program was written for; "+
				"they are only taken as a sign to look, so all works, but create the endpoint with the version wanted",
				slog.String("version", e.APIVersion), slog.String("wanted", stripe.APIVersion))
		})
	}
	if err := h.o.Intake.Notify(ctx, h.o.Reader.Notice(e)); err != nil {
		h.o.Log.ErrorContext(ctx, "webhook not stored", slog.String("event_id", e.ID), slog.Any("error", err))
		return unavailable
	}
	return nil
}

// read reads the raw body, which is what the signature is over. The server sees to it that it comes in time.
func read(w http.ResponseWriter, r *http.Request) ([]byte, *problem) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, bodyTooLarge
	case err != nil:
		return nil, bodyUnreadable
	}
	return body, nil
}
