// Package control serves the simulator's own API below /_sim: its knobs, what it saw, and what a person would do in
// Stripe's dashboard.
package control

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/knobs"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/traffic"
)

// API is the control API.
type API struct {
	Store    *account.Store
	Knobs    *knobs.Knobs
	Traffic  *traffic.Log
	Livemode bool   // which mode is meant when a request does not say
	Reset    func() // empties state and turns all knobs back
}

const maxBody = 1 << 20

// handler answers with a status and something to render as JSON, or an error.
type handler func(r *http.Request, side *account.Side) (int, any, error)

// Handler returns the API.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range map[string]handler{
		"GET /_sim/config":                                a.config,
		"PATCH /_sim/config":                              a.patchConfig,
		"POST /_sim/reset":                                a.reset,
		"GET /_sim/stats":                                 a.stats,
		"GET /_sim/requests":                              a.requests,
		"GET /_sim/customers":                             a.customers,
		"POST /_sim/customers":                            a.createCustomer,
		"POST /_sim/customers/seed":                       a.seed,
		"GET /_sim/customers/{id}":                        a.customer,
		"POST /_sim/customers/{id}":                       a.editCustomer,
		"PATCH /_sim/customers/{id}":                      a.editCustomer,
		"DELETE /_sim/customers/{id}":                     a.deleteCustomer,
		"POST /_sim/customers/{id}/subscriptions":         a.addSubscription,
		"POST /_sim/customers/{id}/invoices":              a.addInvoice,
		"DELETE /_sim/subscriptions/{id}":                 a.cancelSubscription,
		"POST /_sim/events":                               a.emit,
		"POST /_sim/events/{id}/resend":                   a.resend,
		"GET /_sim/events/{id}/deliveries":                a.deliveries,
		"POST /_sim/webhook_endpoints/{id}/rotate_secret": a.rotateSecret,
		"/_sim/": unknown,
	} {
		mux.HandleFunc(pattern, a.handle(h))
	}
	return mux
}

func (a *API) handle(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		status, body, err := a.answer(r, h)
		if err != nil {
			status, body = problem(err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body) // a caller that went away is none of our business
	}
}

func (a *API) answer(r *http.Request, h handler) (int, any, error) {
	livemode := a.Livemode
	if text := r.URL.Query().Get("livemode"); text != "" {
		parsed, err := strconv.ParseBool(text)
		if err != nil {
			return 0, nil, apierror.Invalid("livemode", "livemode must be true or false")
		}
		livemode = parsed
	}
	return h(r, a.Store.Side(livemode))
}

func problem(err error) (int, any) {
	var e *apierror.Error
	var knob *knobs.Error
	switch {
	case errors.As(err, &knob):
		e = apierror.Invalid(knob.Knob, "%s", knob.Error())
	case !errors.As(err, &e):
		e = &apierror.Error{Status: http.StatusInternalServerError, Type: apierror.TypeAPI, Message: err.Error()}
	}
	return e.Status, map[string]any{"error": e}
}

func unknown(r *http.Request, _ *account.Side) (int, any, error) {
	return 0, nil, apierror.Coded(http.StatusNotFound, "", "", "The control API has no %s %s; see the simulator's README.", r.Method, r.URL.Path)
}

// read decodes a JSON object with only known names into target. An empty body leaves target as it is.
func read(r *http.Request, target any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(target); err != nil && !errors.Is(err, io.EOF) {
		return apierror.Invalid("", "The body is not the JSON that is wanted here: %s", err)
	}
	return nil
}

func (a *API) config(*http.Request, *account.Side) (int, any, error) {
	return http.StatusOK, a.Knobs.Get(), nil
}

func (a *API) patchConfig(r *http.Request, _ *account.Side) (int, any, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, nil, apierror.Invalid("", "The body could not be read: %s", err)
	}
	settings, err := a.Knobs.Patch(raw)
	var knob *knobs.Error
	if err != nil && !errors.As(err, &knob) {
		err = apierror.Invalid("", "%s", err)
	}
	return http.StatusOK, settings, err
}

func (a *API) reset(*http.Request, *account.Side) (int, any, error) {
	a.Reset()
	return http.StatusOK, map[string]bool{"reset": true}, nil
}

func (a *API) requests(r *http.Request, _ *account.Side) (int, any, error) {
	limit := 100
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return 0, nil, apierror.Invalid("limit", "limit must be a positive number")
		}
		limit = n
	}
	return http.StatusOK, map[string]any{"data": a.Traffic.Recent(r.URL.Query().Get("customer"), limit)}, nil
}

// Stats is what the simulator saw.
type Stats struct {
	Requests           map[string]map[string]int `json:"requests"` // by endpoint and status; 0 is no answer
	Customers          CustomerStats             `json:"customers"`
	Duplicates         int                       `json:"duplicates"` // marks that more than one customer was ever created with
	DuplicateMarks     []string                  `json:"duplicate_marks"`
	LiveDuplicates     int                       `json:"live_duplicates"` // marks that more than one customer carries now
	LiveDuplicateMarks []string                  `json:"live_duplicate_marks"`
	Deliveries         DeliveryStats             `json:"deliveries"`
	OverlappingWrites  int                       `json:"overlapping_writes"` // writes that waited for one of the same customer
}

// CustomerStats counts customers.
type CustomerStats struct {
	Created int `json:"created"`
	Live    int `json:"live"`
}

// DeliveryStats counts deliveries: attempts that worked and that failed, deliveries that wait or were lost on purpose.
type DeliveryStats struct {
	OK      int `json:"ok"`
	Failed  int `json:"failed"`
	Pending int `json:"pending"`
	Dropped int `json:"dropped"`
}

const shownMarks = 20

func (a *API) stats(_ *http.Request, side *account.Side) (int, any, error) {
	counts, ever, live := side.Counts(), side.DuplicateMarks(), side.LiveDuplicateMarks()
	return http.StatusOK, Stats{
		Requests:   a.Traffic.Counts(),
		Customers:  CustomerStats{Created: counts.Created, Live: counts.Live},
		Duplicates: len(ever), DuplicateMarks: ever[:min(len(ever), shownMarks)],
		LiveDuplicates: len(live), LiveDuplicateMarks: live[:min(len(live), shownMarks)],
		Deliveries: DeliveryStats{
			OK: counts.Delivered, Failed: counts.FailedAttempts, Pending: counts.Pending, Dropped: counts.Dropped,
		},
		OverlappingWrites: a.Traffic.Overlaps(),
	}, nil
}
