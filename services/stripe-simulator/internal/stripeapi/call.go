package stripeapi

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/account"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/apierror"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/form"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/idempotency"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/knobs"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/limits"
	"github.com/datasync-dev/datasync/services/stripe-simulator/internal/traffic"
)

// call is one request on its way through the server.
type call struct {
	request *http.Request
	id      string // of the object in the path
	key     string // idempotency key, on POST only
	version string
	side    *account.Side
	params  *form.Reader
	origin  account.Origin
	entry   traffic.Entry
}

var versionPattern = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}`)

func (s *Server) handle(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := newCall(r)
		a := s.serve(c, op)
		c.note(a)
		s.Traffic.Add(c.entry)
		w.Header().Set("Date", time.Unix(s.Store.Side(c.entry.Livemode).Now(), 0).UTC().Format(http.TimeFormat))
		a.write(w, c)
	}
}

func newCall(r *http.Request) *call {
	c := &call{request: r, id: r.PathValue("id"), version: account.APIVersion}
	if r.Method == http.MethodPost {
		c.key = r.Header.Get("Idempotency-Key")
	}
	if v := r.Header.Get("Stripe-Version"); v != "" {
		c.version = v
	}
	c.origin = account.Origin{RequestID: account.NewID("req_", 14), Key: c.key}
	c.entry = traffic.Entry{
		Time: time.Now(), Method: r.Method, Path: r.URL.Path, Endpoint: r.Pattern, Key: c.key, RequestID: c.origin.RequestID,
	}
	if r.Pattern == "/v1/" {
		c.entry.Endpoint = "unknown"
	}
	if strings.HasPrefix(c.id, "cus_") {
		c.entry.Customer = c.id
	}
	return c
}

func (c *call) note(a answer) {
	c.entry.Status, c.entry.Code, c.entry.Fault, c.entry.Replayed = a.status, a.code, a.fault, a.original != ""
	if a.silent {
		c.entry.Status = 0
	}
	if c.entry.Customer == "" {
		c.entry.Customer = a.object
	}
	c.entry.DurationMS = float64(time.Since(c.entry.Time).Microseconds()) / 1000
}

// serve takes a call through the gates in the order in which Stripe has them.
func (s *Server) serve(c *call, op operation) answer {
	k := s.Knobs.Get()
	if a, closed := s.gate(c, k); closed {
		return a
	}
	values, err := parse(c.request)
	if err != nil {
		return failure(err)
	}
	c.entry.Params = values.Flat()
	c.params = form.NewReader(values)
	if c.key == "" {
		return s.run(c, op, k, nil)
	}
	claim := idempotency.Call{Scope: "test", Key: c.key, Target: c.request.Method + " " + c.request.URL.Path, Fingerprint: values.Fingerprint()}
	if c.side.Livemode() {
		claim.Scope = "live"
	}
	if a, known := s.repeat(claim); known {
		return delivered(a, k)
	}
	return s.run(c, op, k, &claim)
}

// gate lets a call in, or answers it: outage, key, version, limits.
func (s *Server) gate(c *call, k knobs.Settings) (answer, bool) {
	switch k.Outage {
	case knobs.Refuses:
		return answer{silent: true, fault: "outage"}, true
	case knobs.Answers:
		err := apierror.Internal()
		err.Status = http.StatusServiceUnavailable
		err.Message = "Stripe is temporarily unavailable. Please try again."
		a := failure(err)
		a.fault = "outage"
		return a, true
	case knobs.Up:
	}
	livemode, err := s.Keys.check(c.request, k.RevokedKey)
	if err != nil {
		return failure(err), true
	}
	c.side = s.Store.Side(livemode)
	c.entry.Livemode = livemode
	if !versionPattern.MatchString(c.version) {
		return failure(apierror.Invalid("", "Invalid Stripe API version: %s", c.version)), true
	}
	return s.limit(c, k)
}

func (s *Server) limit(c *call, k knobs.Settings) (answer, bool) {
	global, endpoint := "test", "test "+c.entry.Endpoint
	if c.entry.Livemode {
		global, endpoint = "live", "live "+c.entry.Endpoint
	}
	ok, empty := s.Limits.Allow(time.Now(), limits.Want{Name: global, Rate: k.AccountLimit}, limits.Want{Name: endpoint, Rate: k.EndpointLimit})
	if ok {
		return answer{}, false
	}
	a := failure(apierror.Coded(http.StatusTooManyRequests, "rate_limit", "",
		"Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits."))
	a.retryAfter, a.reason = k.RetryAfterS, "endpoint-rate"
	if empty == global {
		a.reason = "global-rate"
	}
	return a, true
}

// repeat answers a call whose key is known already.
func (s *Server) repeat(claim idempotency.Call) (answer, bool) {
	if len(claim.Key) > 255 {
		return failure(&apierror.Error{
			Status: http.StatusBadRequest, Type: apierror.TypeIdempotency,
			Message: "Idempotency keys can be up to 255 characters long.",
		}), true
	}
	outcome, target, err := s.Repeats.Begin(claim)
	if err != nil {
		a := failure(idempotencyError(claim.Key, target, err))
		a.shouldRetry = a.status == http.StatusConflict
		return a, true
	}
	if outcome == nil {
		return answer{}, false
	}
	return answer{status: outcome.Status, body: outcome.Body, original: outcome.RequestID, object: outcome.Object}, true
}

// run checks a call and executes it. The claim, if there is one, ends here: with the outcome if it came to that.
func (s *Server) run(c *call, op operation, k knobs.Settings, claim *idempotency.Call) answer {
	exec, err := op(c)
	if err != nil {
		s.abandon(claim)
		return failure(err)
	}
	release, err := s.lock(c, k)
	if err != nil {
		s.abandon(claim)
		return failure(err)
	}
	if !s.wait(k.Latency()) {
		s.abandon(claim)
		release()
		return answer{silent: true, fault: "shutdown"}
	}
	var a answer
	s.Store.Effect(func() {
		a = c.execute(exec, k)
		if claim != nil {
			s.Repeats.Finish(*claim, idempotency.Outcome{Status: a.status, Body: a.body, RequestID: c.origin.RequestID, Object: c.entry.Customer})
		}
	})
	release()
	s.wait(knobs.Milliseconds(k.ResponseDelayMS))
	return delivered(a, k)
}

// delivered loses an answer now and then on its way, also that to a repeated call: some clients repeat a call under its key
// by themselves as soon as the connection closes.
func delivered(a answer, k knobs.Settings) answer {
	if knobs.Chance(k.DropAnswerRate) {
		a.silent, a.fault = true, "drop_answer_rate"
	}
	return a
}

func (c *call) execute(exec execute, k knobs.Settings) answer {
	if knobs.Chance(k.ErrorRateBefore) {
		a := failure(apierror.Internal())
		a.fault = "error_rate_before"
		return a
	}
	body, err := exec()
	if knobs.Chance(k.ErrorRateAfter) {
		a := failure(apierror.Internal())
		a.fault = "error_rate_after"
		return a
	}
	if err != nil {
		return failure(err)
	}
	return answer{status: http.StatusOK, body: body}
}

func (s *Server) abandon(claim *idempotency.Call) {
	if claim != nil {
		s.Repeats.Abandon(*claim)
	}
}
